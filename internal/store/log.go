package store

import (
	"context"
	"database/sql"
	"iter"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
)

// pageSize is how many rows ViewLog holds in memory at a time: at most 16 MB
// of records.
const pageSize = 256

// ViewLog runs fn on the whole log and the state it accounts for, in one
// read-only snapshot. The sequences of the audit.Log read in pages and end
// with fn. What they return is as stored, damaged or not: judging it is
// audit's part.
func (db *DB) ViewLog(ctx context.Context, fn func(audit.FollowedLog) error) error {
	return db.state.view(ctx, func(s *session) error { return fn(logReader{reader{s}}) })
}

// logReader is an audit.FollowedLog over one transaction.
type logReader struct {
	r reader
}

// Head implements audit.Log.
func (l logReader) Head() (int64, audit.Hash, error) {
	head, err := l.r.Head()
	return head.Size, head.Root, err
}

// ReadHashes implements audit.HashReader.
func (l logReader) ReadHashes(indexes []int64) ([]audit.Hash, error) { return l.r.readHashes(indexes) }

// Leaves implements audit.Log. Rows before 0 and beyond the head are returned,
// too: they must not be there.
func (l logReader) Leaves() iter.Seq2[audit.Leaf, error] { return l.LeavesFrom(math.MinInt64 + 1) }

// LeavesFrom implements audit.FollowedLog.
func (l logReader) LeavesFrom(seq int64) iter.Seq2[audit.Leaf, error] {
	const query = `SELECT seq, record FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`
	return pages(func(last *audit.Leaf) ([]audit.Leaf, error) {
		after := seq - 1
		if last != nil {
			after = last.Seq
		}
		return list(l.r.s, "read events", query, []any{after, pageSize}, func(rows *sql.Rows, e *audit.Leaf) error {
			return rows.Scan(&e.Seq, &e.Record)
		})
	})
}

// Hashes implements audit.Log. A hash of the wrong length is returned as
// zeros, which no record hashes to.
func (l logReader) Hashes() iter.Seq2[audit.StoredHash, error] {
	const query = `SELECT idx, hash FROM log_hashes WHERE idx > $1 ORDER BY idx LIMIT $2`
	return pages(func(last *audit.StoredHash) ([]audit.StoredHash, error) {
		after := int64(math.MinInt64)
		if last != nil {
			after = last.Index
		}
		return list(l.r.s, "read hashes", query, []any{after, pageSize}, func(rows *sql.Rows, h *audit.StoredHash) error {
			var b []byte
			err := rows.Scan(&h.Index, &b)
			if len(b) == tlog.HashSize {
				h.Hash = tlog.Hash(b)
			}
			return err
		})
	})
}

// Checkpoints implements audit.Log.
func (l logReader) Checkpoints() iter.Seq2[string, error] {
	const query = `SELECT size, note FROM checkpoints WHERE size < $1 ORDER BY size DESC LIMIT $2`
	notes := pages(func(last *Checkpoint) ([]Checkpoint, error) {
		before := int64(math.MaxInt64)
		if last != nil {
			before = last.Size
		}
		return list(l.r.s, "read checkpoints", query, []any{before, pageSize}, func(rows *sql.Rows, c *Checkpoint) error {
			return rows.Scan(&c.Size, &c.Note)
		})
	})
	return func(yield func(string, error) bool) {
		for c, err := range notes {
			if !yield(c.Note, err) {
				return
			}
		}
	}
}

// Documents implements audit.Log.
func (l logReader) Documents() iter.Seq2[audit.Document, error] {
	const query = `SELECT kind, key, rev, hash, doc, parent, updated_at_ms FROM resources
		WHERE (kind, key) > ($1, $2) ORDER BY kind, key LIMIT $3`
	return pages(func(last *audit.Document) ([]audit.Document, error) {
		if last == nil {
			last = &audit.Document{}
		}
		return list(l.r.s, "read documents", query, []any{last.Kind, last.Key, pageSize}, func(rows *sql.Rows, d *audit.Document) error {
			return rows.Scan(&d.Kind, &d.Key, &d.Rev, &d.Hash, &d.Doc, &d.Parent, &d.At)
		})
	})
}

// Revisions implements audit.Log.
func (l logReader) Revisions() iter.Seq2[audit.Revision, error] {
	const query = `SELECT kind, key, rev, hash, doc, parent, at_ms, seq, deleted_at_ms FROM revisions
		WHERE (kind, key, rev) > ($1, $2, $3) ORDER BY kind, key, rev LIMIT $4`
	return pages(func(last *audit.Revision) ([]audit.Revision, error) {
		if last == nil {
			last = &audit.Revision{}
		}
		args := []any{last.Kind, last.Key, last.Rev, pageSize}
		return list(l.r.s, "read revisions", query, args, func(rows *sql.Rows, r *audit.Revision) error {
			return rows.Scan(&r.Kind, &r.Key, &r.Rev, &r.Hash, &r.Doc, &r.Parent, &r.At, &r.Seq, &r.DeletedAt)
		})
	})
}

// Blobs implements audit.Log.
func (l logReader) Blobs() iter.Seq2[audit.Blob, error] {
	const query = `SELECT sum, doc FROM blobs WHERE sum > $1 ORDER BY sum LIMIT $2`
	return pages(func(last *audit.Blob) ([]audit.Blob, error) {
		if last == nil {
			last = &audit.Blob{}
		}
		return list(l.r.s, "read blobs", query, []any{last.Sum, pageSize}, func(rows *sql.Rows, b *audit.Blob) error {
			return rows.Scan(&b.Sum, &b.Doc)
		})
	})
}

// HasBlob implements audit.Log.
func (l logReader) HasBlob(sum string) (bool, error) {
	var n int64
	return l.r.s.row("look for a blob", `SELECT 1 FROM blobs WHERE sum = $1`, []any{sum}, &n)
}

// pages joins the pages that next reads, each after the last row of the page
// before it, or from the start where that is nil.
func pages[T any](next func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			page, err := next(last)
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if len(page) == 0 {
				return
			}
			last = &page[len(page)-1]
		}
	}
}
