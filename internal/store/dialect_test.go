package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockflight/lockflight/internal/control"
)

func TestPostgresFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want fault
	}{
		{&pgconn.PgError{Code: "23505"}, faultExists},
		{&pgconn.PgError{Code: "40001"}, faultUnavailable},
		{&pgconn.PgError{Code: "40P01"}, faultUnavailable},
		{&pgconn.PgError{Code: "53100"}, faultFull},
		{&pgconn.PgError{Code: "53300"}, faultUnavailable},
		{&pgconn.PgError{Code: "57P01"}, faultLost},
		{&pgconn.PgError{Code: "25006"}, faultUnavailable},
		{&pgconn.PgError{Code: "23514"}, faultInternal},
		{&pgconn.PgError{Code: "42P01"}, faultInternal},
		{&pgconn.PgError{}, faultInternal},
		{&pgconn.ConnectError{Config: &pgconn.Config{}}, faultUnavailable},
		{io.ErrUnexpectedEOF, faultLost},
		{driver.ErrBadConn, faultLost},
		{sql.ErrNoRows, faultInternal},
	} {
		if got := (postgresDialect{}).classify(fmt.Errorf("wrapped: %w", test.err)); got != test.want {
			t.Errorf("%#v is %+v, want %+v", test.err, got, test.want)
		}
	}
}

func TestSQLiteFaults(t *testing.T) {
	t.Parallel()
	pool := openDir(t, t.TempDir()).state
	for statement, want := range map[string]fault{
		`INSERT INTO log_head (id, size, root) VALUES (1, 0, '')`:  faultExists,
		`INSERT INTO log_head (id, size, root) VALUES (2, 0, '')`:  faultInternal,
		`INSERT INTO events (seq, record) VALUES (0, NULL)`:        faultInternal,
		`SELECT no_such_column FROM events`:                        faultInternal,
		`ATTACH DATABASE 'file:/nonexistent/folder/file' AS other`: faultUnavailable,
	} {
		_, err := pool.write.Exec(statement)
		if got := (sqliteDialect{}).classify(err); got != want {
			t.Errorf("%s: %v is %+v, want %+v", statement, err, got, want)
		}
	}
	_, err := pool.read.Exec(`DELETE FROM events`)
	if got := (sqliteDialect{}).classify(err); got != faultUnavailable {
		t.Errorf("a write on a reading connection: %v is %+v", err, got)
	}
}

// TestFatal: the first fatal fault stops all later writes, no other does.
func TestFatal(t *testing.T) {
	t.Parallel()
	d := &database{dialect: faultyDialect{}, write: &sql.DB{}, log: slog.New(slog.DiscardHandler)}
	for _, test := range []struct {
		err  error
		code string
	}{{errFull, "store_full"}, {errDisk, "store_failed"}, {errFull, "store_full"}} {
		err := d.fail(test.err, "write")
		if e, ok := errors.AsType[*control.Error](err); !ok || e.Code != test.code || !errors.Is(err, test.err) {
			t.Errorf("fail(%v) = %v", test.err, err)
		}
		if stopped := d.writable() != nil; stopped != (d.failed.Load() != nil) {
			t.Errorf("writes stopped: %t", stopped)
		}
	}
	if err := d.writable(); control.KindOf(err) != control.Unavailable || !errors.Is(err, errDisk) {
		t.Errorf("writable after a fatal fault: %v", err)
	}
	err := d.update(t.Context(), nil)
	if !errors.Is(err, errDisk) {
		t.Errorf("update after a fatal fault: %v", err)
	}
}

var (
	errFull = errors.New("full")
	errDisk = errors.New("disk")
)

// faultyDialect knows two errors.
type faultyDialect struct{ dialect }

func (faultyDialect) classify(err error) fault {
	if errors.Is(err, errDisk) {
		return faultFatal
	}
	return faultFull
}
