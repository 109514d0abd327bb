package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

type backupCmd struct {
	Data        string `default:"lockflight-data" type:"path" help:"Directory of the server's data."`
	DatabaseURL string `name:"database-url" hidden:""`
	Out         string `required:"" type:"path" placeholder:"DIR" help:"Where to write: the database, and the keys that sign the log and seal personal data, where they are beside it."`
}

// Run copies the data. The copy is whole and of one moment, whatever the
// server writes meanwhile.
func (c *backupCmd) Run(ctx context.Context, s streams) error {
	if c.DatabaseURL != "" {
		return usageError{errors.New("PostgreSQL has its own backup\nhint: pg_dump --format custom --file lockflight.dump \"$LOCKFLIGHT_DATABASE_URL\"")}
	}
	holds, err := copyData(ctx, c.Data, c.Out)
	if err != nil {
		return fmt.Errorf("backing up %s: %w", c.Data, err)
	}
	fmt.Fprintf(s.out, "%s holds %s\n", c.Out, holds)
	return nil
}

type restoreCmd struct {
	Backup string `arg:"" type:"existingdir" help:"What backup wrote."`
	Data   string `default:"lockflight-data" type:"path" help:"Directory of the server's data, which has none yet."`
}

// Run verifies the backup and copies it to where a server starts on it.
func (c *restoreCmd) Run(ctx context.Context, s streams) error {
	holds, err := copyData(ctx, c.Backup, c.Data)
	if err != nil {
		return fmt.Errorf("restoring %s: %w", c.Backup, err)
	}
	fmt.Fprintf(s.out, "%s holds %s\nstart it with: lockflight serve --data %s\n", c.Data, holds, c.Data)
	return nil
}

// copyData copies a database and its keys into a directory that has none,
// verifies the log there, and says what it holds.
func copyData(ctx context.Context, from, to string) (holds string, err error) {
	db, err := store.Open(ctx, store.Options{Dir: from, ReadOnly: true})
	if err != nil {
		return "", err
	}
	err = db.Backup(ctx, to)
	if err := errors.Join(err, db.Close()); err != nil {
		return "", err
	}
	for _, name := range []string{"signing.key", "signing.key.pub", "sealing.key"} {
		if err := copyKey(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return "", err
		}
	}
	return verifyData(ctx, to)
}

// copyKey copies a file that only its owner may read. One that is kept
// elsewhere (serve --signing-key) is not there to copy.
func copyKey(from, to string) error {
	raw, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copying the key: %w", err)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // whoever put it there means to go on with it
	}
	if err != nil {
		return fmt.Errorf("copying the key: %w", err)
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("copying the key: %w", err)
	}
	return nil
}

// verifyData re-reads the log of a copy with its signatures, and says how many
// records it has. Without the key nobody can tell.
func verifyData(ctx context.Context, dir string) (string, error) {
	vkey, err := os.ReadFile(filepath.Join(dir, "signing.key.pub"))
	if errors.Is(err, fs.ErrNotExist) {
		return "a log that is not verified, because its verifier key is not beside it", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the verifier key: %w", err)
	}
	keys, err := audit.Verifiers(strings.Fields(string(vkey))...)
	if err != nil {
		return "", fmt.Errorf("reading the verifier key: %w", err)
	}
	db, err := store.Open(ctx, store.Options{Dir: dir, ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer db.Close()
	var r audit.Report
	err = db.ViewLog(ctx, func(log audit.FollowedLog) (err error) {
		r, err = audit.Verify(log, audit.Options{Keys: keys, Parent: control.ParentOf})
		return err
	})
	if err != nil {
		return "", err
	}
	if !r.OK() {
		return "", fmt.Errorf("the copy does not verify: %s\nhint: lockflight audit verify --data %s says more", r.Findings[0].String(), dir)
	}
	return fmt.Sprintf("%d records, verified", r.Size), nil
}
