package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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
		return makeSigner(file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	key, err := audit.ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("reading the signing key %s: %w", file, err)
	}
	return &signer{key, key.Name(), key.VerifierKey()}, nil
}

func makeSigner(file string) (*signer, error) {
	key, err := audit.GenerateKey(rand.Reader, "lockflight/"+strings.ToLower(rand.Text()[:10]))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	// The public half first: a key without it could not be verified offline.
	if err := os.WriteFile(file+".pub", []byte(key.VerifierKey()+"\n"), 0o644); err != nil { //nolint:gosec // a public key
		return nil, fmt.Errorf("writing the verifier key: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("writing the signing key: %w", err)
	}
	_, err = f.WriteString(key.Secret() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("writing the signing key: %w", err)
	}
	return &signer{key, key.Name(), key.VerifierKey()}, nil
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
	if err != nil || head.Size == 0 || head.Size == a.signed {
		return err
	}
	text, err := audit.Sign(audit.Checkpoint{Origin: a.signer.origin, Size: head.Size, Root: head.Root}, a.signer.key)
	if err != nil {
		return err
	}
	err = a.store.PutCheckpoint(ctx, head.Size, text, a.opts.Now())
	if control.KindOf(err) == control.Conflict && err != nil {
		return nil
	}
	if err == nil {
		a.signed = head.Size
	}
	return err
}
