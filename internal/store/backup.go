package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lockflight/lockflight/internal/control"
)

// Backup writes a copy of a SQLite database into a folder, in which Open finds
// it; the folder is made where it is missing. Other processes may write
// meanwhile: each of the two files is of one moment, the evidence of a later
// one, so that it is never less than the state tells of. MUST NOT return nil
// before the copy is durable; after an error there is none to open. A folder
// with a database is an Error of Kind Exists; PostgreSQL, which has pg_dump for
// this, one of Kind Invalid.
func (db *DB) Backup(ctx context.Context, dir string) error {
	if _, ok := db.dialect.(sqliteDialect); !ok {
		return control.Errorf(control.Invalid, "backup_engine", "PostgreSQL is backed up by its own tools, such as pg_dump")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of the backup: %w", err)
	}
	state, evidence := filepath.Join(dir, stateFile), filepath.Join(dir, evidenceFile)
	if err := errors.Join(absent(state), absent(evidence)); err != nil {
		return err
	}
	if err := db.state.copyTo(ctx, state+unfinished); err != nil {
		return err
	}
	if err := db.evidence.copyTo(ctx, evidence+unfinished); err != nil {
		return err
	}
	// The state last: without it there is nothing to open.
	for _, file := range []string{evidence, state} {
		if err := os.Rename(file+unfinished, file); err != nil {
			return fmt.Errorf("finishing the copy: %w", err)
		}
	}
	return syncFile(dir)
}

// unfinished ends the name of a copy until it is whole.
const unfinished = ".part"

// absent returns an Error of Kind Exists where the file is there.
func absent(file string) error {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return control.Errorf(control.Exists, "exists", "%s is there already", file)
}

// copyTo writes what a SQLite file holds into another, in one read transaction
// (https://www.sqlite.org/lang_vacuum.html#vacuuminto). It has a connection of
// its own, because those of the pool that reads write to no file at all.
func (d *database) copyTo(ctx context.Context, file string) error {
	// A part that was left over from before would be written into.
	if err := errors.Join(os.RemoveAll(file), createPrivate(file)); err != nil {
		return fmt.Errorf("making %s: %w", file, err)
	}
	pool, err := connect(ctx, 1, d.file+common+"&mode=ro")
	if err != nil {
		return fail(d.dialect, err, "open the database for a copy")
	}
	_, err = pool.ExecContext(ctx, `VACUUM INTO $1`, file)
	if err := errors.Join(err, pool.Close()); err != nil {
		return fail(d.dialect, err, "copy the database")
	}
	return syncFile(file)
}

// syncFile makes a file, or the names in a folder, durable.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("making %s durable: %w", name, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("making %s durable: %w", name, err)
	}
	return nil
}
