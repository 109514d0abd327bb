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

	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/signed"
)

// signer signs checkpoints of the log with the installation's key.
type signer struct {
	key    audit.Key
	origin string // the log's name, which the key carries
	vkey   string // what verifies it, for whoever does not hold the key

	vkeys []string // vkey, and those of the logs that this one is a fork of
}

// verifiers are the keys of all checkpoints that the log may have.
func (s *signer) verifiers() (note.Verifiers, error) { return audit.Verifiers(s.vkeys...) }

func defaultKeyFile(dir string) string { return filepath.Join(dir, "signing.key") }

// loadSigner reads the key file, and makes it where there is none: mode 0600,
// with the verifier key beside it in FILE.pub.
func loadSigner(file string) (*signer, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(file); err != nil {
			return nil, fmt.Errorf("making the signing key: %w", err)
		}
	}
	return readSigner(file)
}

// readSigner reads the key file, and writes the verifier key where it is not.
func readSigner(file string) (*signer, error) {
	text, err := os.ReadFile(file)
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
	s := &signer{key: key, origin: key.Name(), vkey: key.VerifierKey(), vkeys: []string{key.VerifierKey()}}
	published, err := os.ReadFile(file + ".pub")
	if lines := strings.Fields(string(published)); err == nil && len(lines) > 1 && lines[0] == s.vkey {
		s.vkeys = lines
	}
	return s, nil
}

// signDocument is the feed.Sign of the installation's key.
func (a *App) signDocument(environment string, scope feed.Scope, seq int64, sum [sha256.Size]byte) string {
	d := signed.Document{Environment: environment, Scope: signed.Scope(scope.All, scope.Projects, scope.Prefix), Seq: seq}
	out, err := signed.Sign(a.signer.key, d, sum)
	if err != nil {
		a.log.LogAttrs(context.Background(), slog.LevelError, "signing a document", slog.Any("error", err))
	}
	return out
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
	key, err := audit.GenerateKey(rand.Reader, newOrigin())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return place(file, key.Secret(), 0o600)
}

// newOrigin makes the name of a log.
func newOrigin() string { return "lockflight/" + strings.ToLower(rand.Text()[:10]) }

// place writes a file that ends with a line, which appears complete or not at all,
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

// checkpoint signs what is committed, in the database and then in the file
// outside of it. Where another replica was there first, there is nothing to do.
// A log that contradicts an earlier checkpoint is not signed.
func (a *App) checkpoint(ctx context.Context) error {
	if a.refused() {
		return nil
	}
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
		err = a.keepCheckpoint(ctx, text)
	case control.KindOf(err) == control.Conflict:
		err = nil
	}
	return err
}
