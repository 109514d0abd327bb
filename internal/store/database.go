package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/lockflight/lockflight/internal/control"
)

// maxPool is how many connections to PostgreSQL a pool has at most, and to
// SQLite, where they cannot break, at least.
const maxPool = 8

// database is one database as two pools: one that writes and one that reads.
type database struct {
	dialect dialect
	write   *sql.DB // nil where opened read-only
	read    *sql.DB
	log     *slog.Logger
	file    string // URL of a SQLite file, "" on PostgreSQL

	failed atomic.Pointer[control.Error] // why nothing is written any more
}

// update runs fn in a read-write transaction. Until the commit ctx ends it;
// the commit itself is not interrupted, because its outcome would be unknown.
func (d *database) update(ctx context.Context, fn func(*session) error) error {
	if err := d.writable(); err != nil {
		return err
	}
	tx, end, err := d.begin(ctx)
	if err != nil {
		return d.fail(err, "begin to write")
	}
	defer end()
	s := &session{ctx: ctx, tx: tx, fail: d.fail}
	if err := fn(s); err != nil {
		return err
	}
	if s.err != nil { // fn dropped the error of a statement
		return s.err
	}
	if err := ctx.Err(); err != nil {
		return interrupted(err, "commit")
	}
	return d.commit(tx)
}

// commit ends a transaction, and says so where nobody knows how it ended.
func (d *database) commit(tx *sql.Tx) error {
	err := tx.Commit()
	if err == nil {
		return nil
	}
	if f := d.dialect.classify(err); !f.lost && !f.fatal {
		return d.fail(err, "commit")
	}
	return &control.Error{
		Kind: control.Unavailable, Code: "commit_unknown",
		Msg: "the commit may or may not have taken effect: read before writing again", Err: d.fail(err, "commit"),
	}
}

// begin starts a transaction on the writing pool. The end of ctx ends the wait
// for it, but not the transaction once it has begun.
func (d *database) begin(ctx context.Context) (tx *sql.Tx, end func(), err error) {
	held, cancel := context.WithCancel(context.WithoutCancel(ctx))
	attached := context.AfterFunc(ctx, cancel)
	tx, err = d.beginOn(held, d.write, sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		cancel()
		return nil, nil, cmp.Or(ctx.Err(), err)
	}
	end = func() {
		tx.Rollback()
		cancel()
	}
	if detached := attached(); !detached {
		end()
		return nil, nil, ctx.Err()
	}
	return tx, end, nil
}

// beginOn begins a transaction on a connection of pool that still works. One
// that broke while it was idle is found out only now, and as nothing has begun
// on it, the next one is tried: after a restart of the server all are broken.
func (d *database) beginOn(ctx context.Context, pool *sql.DB, o sql.TxOptions) (tx *sql.Tx, err error) {
	for range maxPool + 1 {
		tx, err = pool.BeginTx(ctx, &o)
		if err == nil || !d.dialect.classify(err).lost {
			break
		}
	}
	return tx, err
}

// view runs fn in a read-only transaction, which sees one state throughout:
// REPEATABLE READ on PostgreSQL; on SQLite every transaction does.
func (d *database) view(ctx context.Context, fn func(*session) error) error {
	tx, err := d.beginOn(ctx, d.read, sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fail(d.dialect, err, "begin to read")
	}
	defer tx.Rollback()
	classify := func(err error, doing string) error { return fail(d.dialect, err, doing) }
	return fn(&session{ctx: ctx, tx: tx, fail: classify})
}

// writable refuses writes to a database that was opened for reading or has
// failed. A failed fsync may have dropped the pages it was to write, so that
// trying again would report success for what is not on the disk
// (https://wiki.postgresql.org/wiki/Fsync_Errors); only reopening reads what
// is really there.
func (d *database) writable() error {
	if d.write == nil {
		return control.Errorf(control.Unavailable, "read_only", "the database was opened for reading")
	}
	if err := d.failed.Load(); err != nil {
		return err
	}
	return nil
}

// fail turns an error of a write into a control.Error, and stops all writing
// where the file has failed.
func (d *database) fail(err error, doing string) error {
	if err == nil {
		return nil
	}
	if d.dialect.classify(err).fatal {
		why := &control.Error{Kind: control.Unavailable, Code: "store_failed", Msg: "the database takes no writes until it is reopened", Err: err}
		if d.failed.CompareAndSwap(nil, why) {
			d.log.Error("database failed; writes stop until restart", slog.String("doing", doing), slog.Any("error", err))
		}
	}
	return fail(d.dialect, err, doing)
}

func (d *database) close() error {
	var errs []error
	for _, pool := range []*sql.DB{d.read, d.write} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}
