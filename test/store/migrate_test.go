package store_test

import (
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/test/postgres"
)

// The migrations as files, those of the state and those of the evidence, and
// the tables in which their versions are. Version 3 of the state is in Go and
// changes rows alone, so that a database without any is at 3 by saying so; the
// last version of the state is in Go, too, and follows on the last file.
var sets = []struct{ dir, table, file string }{
	{"../../internal/store/migrations", "schema_version", "lockflight.db"},
	{"../../internal/store/migrations/evidence", "evidence_schema_version", "evidence.db"},
}

const inGo = 3

// TestMigrateFromEveryVersion brings an empty database of each earlier version
// up to date, on both engines: its tables are those of a new one then, and it
// can be written to.
func TestMigrateFromEveryVersion(t *testing.T) {
	t.Parallel()
	newest := []int64{latest(t, 0), latest(t, 1)}
	for name, engine := range map[string]func(*testing.T) at{"sqlite": sqliteAt, "postgres": postgresAt} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fresh := engine(t)
			want := fresh.opened(t)
			for set, last := range newest {
				for version := int64(1); version <= last; version++ {
					old := engine(t)
					old.migrate(t, set, version)
					if diff := cmp.Diff(want, old.opened(t)); diff != "" {
						t.Errorf("from version %d of %s (-new +migrated):\n%s", version, sets[set].table, diff)
					}
				}
			}
		})
	}
}

// at is where a database is.
type at struct {
	options store.Options
	dialect goose.Dialect
	open    func(set int) (*sql.DB, error)
	columns string // the query that lists them
}

func sqliteAt(t *testing.T) at {
	t.Helper()
	dir := t.TempDir()
	return at{
		options: store.Options{Dir: dir}, dialect: goose.DialectSQLite3,
		open: func(set int) (*sql.DB, error) { return sql.Open("sqlite", filepath.Join(dir, sets[set].file)) },
		columns: `SELECT m.name, c.name, c.type, c."notnull" FROM sqlite_schema m JOIN pragma_table_info(m.name) c
			WHERE m.type = 'table' ORDER BY 1, 2`,
	}
}

func postgresAt(t *testing.T) at {
	t.Helper()
	url := postgres.Start(t)
	return at{
		options: store.Options{URL: url}, dialect: goose.DialectPostgres,
		open: func(int) (*sql.DB, error) { return sql.Open("pgx", url) },
		columns: `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
			WHERE table_schema = 'public' ORDER BY 1, 2`,
	}
}

// files returns the migrations of a set up to a version, and the last of all.
func files(t *testing.T, set int, version int64) (out fstest.MapFS, last int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(sets[set].dir, "*.sql"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations in %s: %v", sets[set].dir, err)
	}
	slices.Sort(names)
	out = fstest.MapFS{}
	for _, name := range names {
		last, err = strconv.ParseInt(filepath.Base(name)[:4], 10, 64)
		text, readErr := os.ReadFile(name)
		if err := errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		if last <= version {
			out[filepath.Base(name)] = &fstest.MapFile{Data: text}
		}
	}
	return out, last
}

func latest(t *testing.T, set int) int64 {
	t.Helper()
	_, last := files(t, set, 0)
	return last
}

// migrate makes a database as an earlier version left it.
func (a at) migrate(t *testing.T, set int, version int64) {
	t.Helper()
	db, err := a.open(set)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	upTo, _ := files(t, set, version)
	p, err := goose.NewProvider(a.dialect, db, upTo,
		goose.WithTableName(sets[set].table), goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if set == 0 && version >= inGo {
		if _, err := db.ExecContext(t.Context(), `INSERT INTO schema_version (version_id, is_applied) VALUES ($1, true)`, inGo); err != nil {
			t.Fatal(err)
		}
	}
}

// opened opens the database as a server does, writes to it, and returns its
// columns.
func (a at) opened(t *testing.T) []string {
	t.Helper()
	a.options.Logger = slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(write(t.Context(), db), db.Close()); err != nil {
		t.Fatal(err)
	}
	var out []string
	for set := range sets {
		out = append(out, a.list(t, set)...)
	}
	return out
}

func (a at) list(t *testing.T, set int) (out []string) {
	t.Helper()
	db, err := a.open(set)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), a.columns)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, column, kind, null string
		if err := rows.Scan(&table, &column, &kind, &null); err != nil {
			t.Fatal(err)
		}
		out = append(out, table+"."+column+" "+kind+" "+null)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
