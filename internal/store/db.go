package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// Options says which database to open. Exactly one of Dir and URL is set.
type Options struct {
	// Dir is the folder of the SQLite files lockflight.db and evidence.db. It
	// is made where it is missing.
	Dir string
	// URL is a PostgreSQL connection string, "postgres://...".
	URL string
	// ReadOnly opens what is there for View and the other reads alone: nothing
	// is created or migrated, and every write is refused.
	ReadOnly bool
	// Logger is told of what a person must act on; slog.Default where nil.
	Logger *slog.Logger
	// Now gives Resource.UpdatedAt; time.Now where nil. Tests with a skewed
	// replica set it.
	Now func() time.Time
}

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect  dialect
	state    *database
	evidence *database
	now      func() time.Time
	log      *slog.Logger

	writers queue
	tree    *audit.Tree // of the last commit, nil where unknown; belongs to whoever has the turn
	gather  *group
	packer  packer // belongs to whoever leads the group

	changed wakeup
	arrived wakeup
}

var (
	_ control.Store         = (*DB)(nil)
	_ control.EvidenceStore = (*DB)(nil)
	_ control.UsageStore    = (*DB)(nil)
	_ control.UseStore      = (*DB)(nil)
)

// Open opens a database and brings its tables up to date. Any number of
// processes may have one PostgreSQL database open; a SQLite folder is meant
// for one server at a time, though a second one would do no harm but wait.
func Open(ctx context.Context, o Options) (*DB, error) {
	if (o.Dir == "") == (o.URL == "") {
		return nil, control.Errorf(control.Invalid, "store_options", "exactly one of a data folder and a database URL is needed")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var d dialect = sqliteDialect{}
	if o.URL != "" {
		d = postgresDialect{url: o.URL}
	}
	db := &DB{dialect: d, now: o.Now, log: o.Logger}
	db.gather = newGroup(db.commitEvidence)
	var err error
	if db.state, db.evidence, err = d.open(ctx, o); err != nil {
		return nil, fail(d, err, "open the database")
	}
	if err := db.prepare(ctx, o.ReadOnly); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// prepare brings the tables up to date, or sees whether they are there.
func (db *DB) prepare(ctx context.Context, readOnly bool) error {
	if !readOnly {
		return fail(db.dialect, db.migrate(ctx), "migrate the database")
	}
	err := db.View(ctx, func(tx control.ReadTx) error {
		_, err := tx.Head()
		return err
	})
	if err != nil {
		return fmt.Errorf("find a log in the database: %w", err)
	}
	return nil
}

// Close closes the database. Calls that are still running fail.
func (db *DB) Close() error {
	return errors.Join(db.state.close(), db.evidence.close())
}
