package store

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// Update implements control.Store. Within one process the queue orders the
// writers; across processes the lock of the head's row does. Where the disk
// fails or the connection breaks during the commit, nobody can say whether it
// took effect: the error is then of Kind Unavailable and Code "commit_unknown".
func (db *DB) Update(ctx context.Context, pri control.Priority, fn func(tx control.Tx) error) error {
	return db.write(ctx, pri, func(w *writer) error { return fn(w) })
}

// Waiting returns how many Updates of this process wait for their turn.
func (db *DB) Waiting() int { return db.writers.length() }

// write runs fn with the head locked.
func (db *DB) write(ctx context.Context, pri control.Priority, fn func(*writer) error) error {
	if err := db.writers.acquire(ctx, pri); err != nil {
		return interrupted(err, "wait for other writers")
	}
	defer db.writers.release()
	var w *writer
	err := db.state.update(ctx, func(s *session) error {
		var err error
		if w, err = db.lock(s); err != nil {
			return err
		}
		if err := fn(w); err != nil {
			return err
		}
		return w.finish()
	})
	if err != nil {
		db.tree = nil
		return err
	}
	if w.tree != nil {
		db.tree = w.tree
		db.changed.wake()
	}
	return nil
}

// writer is the control.Tx of one Update.
type writer struct {
	reader

	db   *DB
	at   time.Time // of all that is written: whole milliseconds, UTC
	head control.Head
	tree *audit.Tree // nil until the first Append
}

// Now implements control.Tx.
func (w *writer) Now() time.Time { return w.at }

// lock locks the head row, which makes writers serial across processes.
func (db *DB) lock(s *session) (*writer, error) {
	w := &writer{reader: reader{s}, db: db}
	var err error
	w.head, err = w.readHead(db.dialect.forUpdate())
	w.at = fromMs(toMs(db.now()))
	return w, err
}

// grow returns the tree that this transaction adds to: that of the last
// commit, or one read from the database where another process has written.
func (w *writer) grow() (*audit.Tree, error) {
	if w.tree != nil {
		return w.tree, nil
	}
	if t := w.db.tree; t != nil && t.Size() == w.head.Size && t.Root() == w.head.Root {
		w.tree = t
		return t, nil
	}
	t, err := audit.LoadTree(w.head.Size, tlog.HashReaderFunc(w.readHashes))
	if err != nil {
		return nil, err
	}
	if t.Root() != w.head.Root {
		return nil, damaged("the hashes do not add up to the root of %d events", w.head.Size)
	}
	w.tree = t
	return t, nil
}

// finish writes the new head, where there is one, and tells other processes of
// it. It is the last thing in a transaction, so that the row is written once.
func (w *writer) finish() error {
	if w.tree == nil || w.s.err != nil {
		return w.s.err
	}
	const update = `UPDATE log_head SET size = $1, root = $2 WHERE id = 1`
	if _, err := w.s.exec("move the head", update, w.head.Size, tlog.Hash(w.head.Root).String()); err != nil {
		return err
	}
	return w.db.announce(w.s, topicLog)
}

// View implements control.Store.
func (db *DB) View(ctx context.Context, fn func(tx control.ReadTx) error) error {
	return db.state.view(ctx, func(s *session) error { return fn(&reader{s}) })
}

// reader is the control.ReadTx of one View, and the reading half of a writer.
type reader struct {
	s *session
}
