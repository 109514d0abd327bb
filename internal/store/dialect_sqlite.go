package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialect is SQLite: one file for the state, one for the evidence, each
// with one connection that writes and a pool that reads.
type sqliteDialect struct{}

// The files in the folder of a database.
const (
	stateFile    = "lockflight.db"
	evidenceFile = "evidence.db"
)

func (sqliteDialect) open(ctx context.Context, o Options) (state, evidence *database, err error) {
	if !o.ReadOnly {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, nil, err
		}
	}
	if state, err = openFile(ctx, o, stateFile); err != nil {
		return nil, nil, err
	}
	if evidence, err = openFile(ctx, o, evidenceFile); err != nil {
		return nil, nil, errors.Join(err, state.close())
	}
	return state, evidence, nil
}

// The connection's parameters. Writes are synchronous=FULL: with NORMAL a power
// cut may undo a commit in WAL mode
// (https://www.sqlite.org/pragma.html#pragma_synchronous), and with it one that
// a signed checkpoint has already vouched for. fullfsync is for macOS, where a
// plain fsync stops at the disk's cache. secure_delete overwrites what is deleted
// with zeros: the key of a person who is erased is gone from the database file
// once the WAL is checkpointed.
const (
	common  = "?_busy_timeout=5000&_defensive=1&_dqs=0"
	writing = common + "&mode=rw&_txlock=immediate&_journal_mode=WAL&_synchronous=FULL" +
		"&_pragma=fullfsync(1)&_pragma=checkpoint_fullfsync(1)&_pragma=secure_delete(1)"
	reading = common + "&_query_only=1&mode="
)

// openFile opens the pools of one file.
func openFile(ctx context.Context, o Options, name string) (*database, error) {
	path, err := filepath.Abs(filepath.Join(o.Dir, name))
	if err != nil {
		return nil, err
	}
	file := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
	d := &database{dialect: sqliteDialect{}, log: o.Logger, file: file}
	mode := "ro"
	if !o.ReadOnly {
		mode = "rw"
		if err := createPrivate(path); err != nil {
			return nil, err
		}
		if d.write, err = connect(ctx, 1, file+writing); err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
	}
	readers := max(maxPool, 2*runtime.GOMAXPROCS(0))
	if d.read, err = connect(ctx, readers, file+reading+mode); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), d.close())
	}
	return d, nil
}

// createPrivate makes an empty file that other users cannot read, where there
// is none; SQLite gives the files beside it the same permissions. One that is
// there is not even opened: closing it again would drop the locks that this
// process holds on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// connect makes a pool of at most size connections.
func connect(ctx context.Context, size int, dsn string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	if err := checkVersion(ctx, pool); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// checkVersion asks the connected SQLite for its version.
func checkVersion(ctx context.Context, pool *sql.DB) error {
	var version string
	if err := pool.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	return supported(version)
}

// supported refuses a SQLite whose write-ahead log may lose commits: the
// WAL-reset bug was mended in 3.51.3 (https://www.sqlite.org/wal.html).
func supported(version string) error {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("read SQLite's version %q: %w", version, err)
	}
	if slices.Compare([]int{major, minor, patch}, []int{3, 51, 3}) < 0 {
		return fmt.Errorf("SQLite %s may lose commits; 3.51.3 or later is needed", version)
	}
	return nil
}

func (sqliteDialect) goose() (goose.Dialect, []goose.ProviderOption, error) {
	return goose.DialectSQLite3, nil, nil
}

func (sqliteDialect) forUpdate() string { return "" } // BEGIN IMMEDIATE is the lock

func (sqliteDialect) notify(topic) string { return "" }

func (sqliteDialect) listen(ctx context.Context, _ *DB) error {
	<-ctx.Done()
	return ctx.Err()
}

func (sqliteDialect) classify(err error) fault {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return faultInternal
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return faultExists
	}
	switch e.Code() & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_FULL:
		return faultFull
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return faultFatal
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return faultUnavailable
	}
	return faultInternal
}
