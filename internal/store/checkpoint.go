package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// Checkpoint is a signed note over the log at one of its sizes.
type Checkpoint struct {
	Size int64
	Note string
	At   time.Time
}

// PutCheckpoint stores a signed note over the first size events, under the
// lock of the log's head. A size beyond the head, or below that of the newest
// checkpoint, is an Error of Kind Conflict; a second note over the same size
// changes nothing.
func (db *DB) PutCheckpoint(ctx context.Context, size int64, note string, at time.Time) error {
	if err := checkText("note", note); err != nil {
		return err
	}
	return db.write(ctx, control.Normal, func(w *writer) error {
		var last int64
		const newest = `SELECT COALESCE(MAX(size), 0) FROM checkpoints`
		if _, err := w.s.row("read the newest checkpoint", newest, nil, &last); err != nil {
			return err
		}
		if size < last || size > w.head.Size {
			return control.Errorf(control.Conflict, "checkpoint_size",
				"a checkpoint over %d events does not fit between the newest one's %d and the log's %d", size, last, w.head.Size)
		}
		const insert = `INSERT INTO checkpoints (size, note, at_ms) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING`
		_, err := w.s.exec("put a checkpoint", insert, size, note, toMs(at))
		return err
	})
}

// Checkpoints returns up to limit checkpoints, the newest first.
func (db *DB) Checkpoints(ctx context.Context, limit int) ([]Checkpoint, error) {
	const query = `SELECT size, note, at_ms FROM checkpoints ORDER BY size DESC LIMIT $1`
	return view(ctx, db.state, "read checkpoints", query, []any{max(limit, 0)}, func(rows *sql.Rows, c *Checkpoint) error {
		var at int64
		err := rows.Scan(&c.Size, &c.Note, &at)
		c.At = fromMs(at)
		return err
	})
}
