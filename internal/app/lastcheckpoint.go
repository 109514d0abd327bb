package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/audit"
)

// lastCheckpoint is the newest checkpoint that was signed here, in a file outside
// the database: what the database is compared with when the plane starts.
type lastCheckpoint struct{ file string }

func defaultCheckpointFile(keyFile string) string {
	return filepath.Join(filepath.Dir(keyFile), "checkpoint.last")
}

// read returns the checkpoint, nil where none was kept. One that none of the
// keys has signed is an error: somebody else wrote it.
func (l lastCheckpoint) read(keys note.Verifiers) (*audit.Checkpoint, error) {
	text, err := os.ReadFile(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last checkpoint: %w", err)
	}
	c, err := audit.Open(string(text), keys)
	if err != nil {
		return nil, fmt.Errorf("reading the last checkpoint %s: %w", l.file, err)
	}
	return &c, nil
}

// keep replaces the file, which is there whole or as it was, whenever the
// process or the machine ends.
func (l lastCheckpoint) keep(signed string) error {
	dir := filepath.Dir(l.file)
	tmp, err := os.CreateTemp(dir, ".checkpoint-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(signed)
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), l.file); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// checkLog refuses writes where the database is not what the last checkpoint
// outside of it vouches for: older, as after a backup was put back or a replica
// took over that was behind, or changed. It returns that checkpoint, if there is
// one.
func (a *App) checkLog(ctx context.Context) error {
	keys, err := a.signer.verifiers()
	if err != nil {
		return err
	}
	if a.known, err = a.last.read(keys); err != nil || a.known == nil {
		return err
	}
	if a.known.Origin != a.signer.origin {
		return fmt.Errorf("the last checkpoint %s is of the log %q, and the key is that of %q", a.last.file, a.known.Origin, a.signer.origin)
	}
	return a.store.ViewLog(ctx, func(log audit.FollowedLog) error {
		wrong, err := audit.Continues(log, *a.known)
		if wrong != "" {
			a.refuse(ctx, wrong)
		}
		return err
	})
}

// refused reports whether writes are.
func (a *App) refused() bool { return a.Service.Refused() != nil }

// refuse has writes refused from now on, and nothing signed any more.
func (a *App) refuse(ctx context.Context, why string) {
	if !a.refused() {
		a.log.LogAttrs(ctx, slog.LevelError, "the log is not what was signed for: writes are refused, but for those that reduce exposure", slog.String("why", why))
	}
	a.Service.Refuse(why)
}

// keepCheckpoint keeps a checkpoint outside the database. A directory that cannot
// be written to is one that the key was given in: that is said once.
func (a *App) keepCheckpoint(ctx context.Context, signed string) error {
	err := a.last.keep(signed)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		a.unkept.Do(func() {
			a.log.LogAttrs(ctx, slog.LevelWarn, "no checkpoint is kept outside the database: whether it is rolled back cannot be told; give --checkpoint-file",
				slog.String("file", a.last.file), slog.Any("error", err))
		})
		return nil
	}
	return err
}
