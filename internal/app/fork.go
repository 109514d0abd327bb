package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

// Fork lets the stored log go on under a new name and key, with a record that
// says from where and why, for a plane that refuses writes because the log is
// not what was signed for. No server may run on it meanwhile. The old key stays
// beside the new one as FILE.<number of records>, and its verifier key stays valid
// for what it has signed.
func Fork(ctx context.Context, o Options, reason string) (control.Fork, error) {
	o = o.withDefaults()
	old, err := readSigner(o.SigningKey)
	if err != nil {
		return control.Fork{}, err
	}
	keys, err := old.verifiers()
	if err != nil {
		return control.Fork{}, err
	}
	last := lastCheckpoint{o.CheckpointFile}
	known, err := last.read(keys)
	if err != nil {
		return control.Fork{}, err
	}
	dir := o.DataDir
	if o.DatabaseURL != "" {
		dir = ""
	}
	db, err := store.Open(ctx, store.Options{Dir: dir, URL: o.DatabaseURL, Logger: slog.New(slog.DiscardHandler), Now: o.Now})
	if err != nil {
		return control.Fork{}, fmt.Errorf("opening the store: %w", err)
	}
	defer db.Close()
	key, err := audit.GenerateKey(rand.Reader, newOrigin())
	if err != nil {
		return control.Fork{}, err
	}
	service := control.New(control.Options{Store: db, Origin: key.Name(), Now: o.Now, Logger: o.Logger})
	fork, err := service.ForkLog(ctx, known, reason)
	if err != nil {
		return fork, fmt.Errorf("forking the log: %w", err)
	}
	return fork, errors.Join(old.replace(o.SigningKey, key, fork.At), signFork(ctx, db, key, last, o))
}

// signFork signs the log as it is after the fork, in the database and outside.
func signFork(ctx context.Context, db *store.DB, key audit.Key, last lastCheckpoint, o Options) error {
	var head control.Head
	err := db.View(ctx, func(tx control.ReadTx) (err error) {
		head, err = tx.Head()
		return err
	})
	if err != nil {
		return err
	}
	signed, err := audit.Sign(audit.Checkpoint{Origin: key.Name(), Size: head.Size, Root: head.Root}, key)
	if err != nil {
		return err
	}
	return errors.Join(db.PutCheckpoint(ctx, head.Size, signed, o.Now()), last.keep(signed))
}

// replace puts a new key in the place of the old, which goes to FILE.<at>, and its
// verifier key above those of before.
func (s *signer) replace(file string, key audit.Key, at int64) error {
	aside := fmt.Sprintf("%s.%d", file, at)
	if err := os.Rename(file, aside); err != nil {
		return fmt.Errorf("putting the old key aside: %w", err)
	}
	if err := os.Remove(file + ".pub"); err != nil {
		return fmt.Errorf("replacing the verifier key: %w", err)
	}
	vkeys := append([]string{key.VerifierKey()}, s.vkeys...)
	return errors.Join(place(file, key.Secret(), 0o600), place(file+".pub", strings.Join(vkeys, "\n"), 0o644))
}
