package app

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// signer signs checkpoints of the log with the installation's key.
type signer struct {
	key    audit.Key
	origin string // the log's name, which the key carries
	vkey   string // what verifies it, for whoever does not hold the key
}

func defaultKeyFile(dir string) string { return filepath.Join(dir, "signing.key") }

// loadSigner reads the key file, and makes it where there is none: mode 0600,
// with the verifier key beside it in FILE.pub.
func loadSigner(file string) (*signer, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(file); err != nil {
			return nil, fmt.Errorf("making the signing key: %w", err)
		}
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	key, err := audit.ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("reading the signing key %s: %w", file, err)
	}
	if err := publish(file+".pub", key); err != nil {
		return nil, fmt.Errorf("writing the verifier key: %w", err)
	}
	return &signer{key, key.Name(), key.VerifierKey()}, nil
}

// derive returns a key for one purpose, which tells nothing of the signing key
// and is the same on all that are given it (HKDF-SHA256, RFC 5869).
func (s *signer) derive(purpose string) [32]byte {
	key, err := hkdf.Key(sha256.New, []byte(s.key.Secret()), nil, "lockflight "+purpose, 32)
	if err != nil {
		panic(err) // only of more than 8160 bytes
	}
	return [32]byte(key)
}

// publish writes the verifier key where it is not there yet. A directory that
// cannot be written to is one that the key was given in, and whoever gave it
// has the verifier key too.
func publish(file string, key audit.Key) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	err := place(file, key.VerifierKey(), 0o644)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil
	}
	return err
}

// makeKey makes a key and its file. Where two servers start at once, both use
// the first's.
func makeKey(file string) error {
	key, err := audit.GenerateKey(rand.Reader, "lockflight/"+strings.ToLower(rand.Text()[:10]))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return place(file, key.Secret(), 0o600)
}

// place writes a file of one line, which appears complete or not at all,
// whenever the process ends. One that is there is not replaced.
func place(file, line string, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".signing-") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(line + "\n")
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), file); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// checkpointEvery is how often, at most, a growing log is signed.
const checkpointEvery = time.Second

// signing signs a checkpoint when the log has grown, at most once a second.
func (a *App) signing(ctx context.Context) error {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		changed := a.store.Changed()
		if err := a.checkpoint(ctx); err != nil && ctx.Err() == nil {
			a.log.LogAttrs(ctx, slog.LevelError, "signing a checkpoint", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// checkpoint signs what is committed. Where another replica was there first,
// there is nothing to do.
func (a *App) checkpoint(ctx context.Context) error {
	var head control.Head
	err := a.store.View(ctx, func(tx control.ReadTx) (err error) {
		head, err = tx.Head()
		return err
	})
	if err != nil || head.Size == 0 || head.Size == a.signed.Load() {
		return err
	}
	text, err := audit.Sign(audit.Checkpoint{Origin: a.signer.origin, Size: head.Size, Root: head.Root}, a.signer.key)
	if err != nil {
		return err
	}
	err = a.store.PutCheckpoint(ctx, head.Size, text, a.opts.Now())
	switch {
	case err == nil:
		a.signed.Store(head.Size)
	case control.KindOf(err) == control.Conflict:
		err = nil
	}
	return err
}
