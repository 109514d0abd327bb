package store

import "context"

// Cursor returns the sequence number of the first record that a stream was not
// delivered yet; 0 for one that is not known.
func (db *DB) Cursor(ctx context.Context, stream string) (next int64, err error) {
	err = db.state.view(ctx, func(s *session) error {
		_, err := s.row("read a stream's cursor", `SELECT next_seq FROM stream_cursors WHERE stream = $1`, []any{stream}, &next)
		return err
	})
	return next, err
}

// PutCursor moves a stream's cursor, never back: where two replicas deliver the
// same stream, the one that is ahead counts.
func (db *DB) PutCursor(ctx context.Context, stream string, next int64) error {
	if err := checkText("stream", stream); err != nil {
		return err
	}
	const upsert = `INSERT INTO stream_cursors (stream, next_seq, at_ms) VALUES ($1, $2, $3)
		ON CONFLICT (stream) DO UPDATE SET next_seq = excluded.next_seq, at_ms = excluded.at_ms
		WHERE excluded.next_seq > stream_cursors.next_seq`
	return db.state.update(ctx, func(s *session) error {
		_, err := s.exec("move a stream's cursor", upsert, stream, next, toMs(db.now()))
		return err
	})
}
