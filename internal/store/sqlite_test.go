package store

import (
	"bytes"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
)

// openDir opens SQLite files in dir until t ends.
func openDir(t testing.TB, dir string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func appendRecord(t testing.TB, db *DB, text string) error {
	t.Helper()
	return db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
		_, err := tx.Append(func(int64) ([]byte, error) { return []byte(text), nil })
		return err
	})
}

// raw opens a file of dir beside the store, as an auditor or an intruder would.
func raw(t *testing.T, dir, name string) *sql.DB {
	t.Helper()
	file := url.URL{Scheme: "file", Path: filepath.Join(dir, name)}
	pool, err := sql.Open("sqlite", file.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func ask[T any](t *testing.T, pool *sql.DB, query string) T {
	t.Helper()
	var v T
	if err := pool.QueryRow(query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func TestSQLiteFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain", "a b", "é?x=1&_synchronous=OFF", "50%25#1", "deep/er"} {
		dir := filepath.Join(t.TempDir(), name)
		db := openDir(t, dir)
		if err := appendRecord(t, db, "record"); err != nil {
			t.Fatal(err)
		}
		got := map[string]any{
			"record":       ask[string](t, raw(t, dir, "lockflight.db"), `SELECT record FROM events WHERE seq = 0`),
			"hash bytes":   ask[int](t, raw(t, dir, "lockflight.db"), `SELECT length(hash) FROM log_hashes WHERE idx = 0`),
			"batches":      ask[int](t, raw(t, dir, "evidence.db"), `SELECT count(*) FROM evidence_batches`),
			"journal":      ask[string](t, db.state.write, `PRAGMA journal_mode`),
			"sync":         ask[int](t, db.state.write, `PRAGMA synchronous`),
			"evidenceSync": ask[int](t, db.evidence.write, `PRAGMA synchronous`),
			"query only":   ask[int](t, db.state.read, `PRAGMA query_only`),
		}
		want := map[string]any{
			"record": "record", "hash bytes": 32, "batches": 0, "journal": "wal",
			"sync": 2, "evidenceSync": 2, "query only": 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
		modes := map[string]os.FileMode{".": 0o700, "lockflight.db": 0o600, "lockflight.db-wal": 0o600, "evidence.db": 0o600}
		for name, want := range modes {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if mode := info.Mode().Perm(); mode != want {
				t.Errorf("%s has mode %o, want %o", name, mode, want)
			}
		}
	}
}

func TestSQLiteOpenErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	noDatabase := t.TempDir()
	if err := os.WriteFile(filepath.Join(noDatabase, "lockflight.db"), []byte(strings.Repeat("no database ", 99)), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	for _, o := range []Options{{Dir: file}, {Dir: noDatabase}, {Dir: missing, ReadOnly: true}} {
		if db, err := Open(t.Context(), o); err == nil {
			t.Errorf("opened %+v", o)
			_ = db.Close()
		}
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Error("a read-only Open made a folder")
	}
}

func TestSupported(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"3.51.3": true, "3.51.10": true, "3.54.1": true, "4.0.0": true,
		"3.51.2": false, "3.40.1": false, "2.99.9": false, "": false, "three": false,
	} {
		if err := supported(version); (err == nil) != want {
			t.Errorf("supported(%q) = %v, want an error: %t", version, err, !want)
		}
	}
}

// TestSQLiteFull fills the database up: the write fails and leaves nothing,
// and the next one succeeds once there is space.
func TestSQLiteFull(t *testing.T) {
	t.Parallel()
	db := openDir(t, t.TempDir())
	if _, err := db.state.write.Exec(`PRAGMA max_page_count = 1`); err != nil { // at least what the file has
		t.Fatal(err)
	}
	err := appendRecord(t, db, strings.Repeat("x", 50_000))
	if e, ok := errors.AsType[*control.Error](err); !ok || e.Kind != control.Unavailable || e.Code != "store_full" {
		t.Errorf("error %v, want store_full", err)
	}
	if n := ask[int](t, db.state.read, `SELECT count(*) FROM events`); n != 0 {
		t.Errorf("%d events after a failed write", n)
	}
	if _, err := db.state.write.Exec(`PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if err := appendRecord(t, db, "fits"); err != nil {
		t.Error(err)
	}
}

// TestSQLiteDamagedLog changes a hash on the tree's right edge behind the
// store: nothing is appended to a log that does not add up, while writes
// without an event go on.
func TestSQLiteDamagedLog(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"changed":   `UPDATE log_hashes SET hash = zeroblob(32) WHERE idx = 2`,
		"cut":       `UPDATE log_hashes SET hash = substr(hash, 1, 31) WHERE idx = 2`,
		"missing":   `DELETE FROM log_hashes WHERE idx = 2`,
		"head":      `UPDATE log_head SET root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
		"head size": `UPDATE log_head SET size = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			db := openDir(t, dir)
			for _, text := range []string{"0", "1"} {
				if err := appendRecord(t, db, text); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := raw(t, dir, "lockflight.db").Exec(statement); err != nil {
				t.Fatal(err)
			}
			db = openDir(t, dir)
			err := appendRecord(t, db, "2")
			if e, ok := errors.AsType[*control.Error](err); !ok || e.Kind != control.Internal || e.Code != "log_damaged" {
				t.Errorf("error %v, want log_damaged", err)
			}
			err = db.Update(t.Context(), control.Urgent, func(tx control.Tx) error {
				_, err := tx.Put("flag", "a", "", []byte(`{}`))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSQLiteReadOnlyAfterCrash opens, for reading, a copy of the files of a
// process that has not closed them: the newest writes are in the write-ahead
// log alone, and the database itself is left as it is.
func TestSQLiteReadOnlyAfterCrash(t *testing.T) {
	t.Parallel()
	dir, crashed := t.TempDir(), t.TempDir()
	db := openDir(t, dir)
	if err := appendRecord(t, db, "acknowledged"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lockflight.db", "lockflight.db-wal", "evidence.db", "evidence.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(crashed, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(filepath.Join(crashed, "lockflight.db"))
	if err != nil {
		t.Fatal(err)
	}
	db, err = Open(t.Context(), Options{Dir: crashed, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var head control.Head
	err = db.View(t.Context(), func(tx control.ReadTx) (err error) {
		head, err = tx.Head()
		return err
	})
	if head.Size != 1 || err != nil {
		t.Errorf("size %d, error %v", head.Size, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(filepath.Join(crashed, "lockflight.db"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database was changed by reading it (%v)", err)
	}
}
