package sdk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// backup is a file with the last configuration that the server gave. It is
// whole at every moment: a new one is written beside it, made durable and
// renamed.
type backup struct {
	path  string
	saved *state // what the file holds; used by one goroutine at a time
}

// newBackup names the file after server and token, so that clients of several
// environments may share a directory. The name does not reveal the token.
func newBackup(o *Options) *backup {
	if o.BackupDir == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(o.URL + "\x00" + o.Token))
	return &backup{path: filepath.Join(o.BackupDir, "lockflight-"+hex.EncodeToString(sum[:8])+".json")}
}

// read returns the document in the file and when it was written. Where there
// is none the error is os.ErrNotExist.
func (b *backup) read() (document eval.Snapshot, written time.Time, err error) {
	data, err := os.ReadFile(b.path)
	if err != nil {
		return document, written, fmt.Errorf("read the backup: %w", err)
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return eval.Snapshot{}, written, fmt.Errorf("read the backup %s: %w", b.path, err)
	}
	if info, err := os.Stat(b.path); err == nil {
		written = info.ModTime()
	}
	return document, written, nil
}

// save writes the configuration of s, unless it is in the file or did not
// come from the server.
func (b *backup) save(s *state) error {
	if s == b.saved || s.source != SourceServer {
		return nil
	}
	data, err := json.Marshal(s.set.Snapshot())
	if err != nil {
		return fmt.Errorf("encode the backup: %w", err)
	}
	if err := replaceFile(b.path, data); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	b.saved = s
	return nil
}

// replaceFile puts data at path, durably and for the owner alone: after a
// crash the file is either what it was or all of data.
func replaceFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	syncDir(dir)
	return nil
}

// syncDir makes a rename within dir durable, on the systems that can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// load returns the document of the backup, its age, and whether there is one
// that can be used.
func (b *backup) load(ctx context.Context, logger *slog.Logger) (document eval.Snapshot, age time.Duration, ok bool) {
	if b == nil {
		return document, 0, false
	}
	document, written, err := b.read()
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			logger.LogAttrs(ctx, slog.LevelWarn, "the backup cannot be used", slog.Any("error", err))
		}
		return document, 0, false
	}
	return document, time.Since(written), true
}
