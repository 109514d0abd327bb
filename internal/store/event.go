package store

import (
	"database/sql"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// Append implements control.Tx. A record of more than audit.MaxRecord bytes is
// an Error of Kind TooLarge.
func (w *writer) Append(record func(seq int64) ([]byte, error)) (int64, error) {
	seq := w.head.Size
	data, err := record(seq)
	if err != nil {
		return 0, err
	}
	if len(data) > audit.MaxRecord {
		return 0, control.Errorf(control.TooLarge, "record_too_large", "a record of %d bytes, at most %d", len(data), audit.MaxRecord)
	}
	tree, err := w.grow()
	if err != nil {
		return 0, w.s.broken(err, "read the log's tree")
	}
	const event = `INSERT INTO events (seq, record) VALUES ($1, $2)`
	if _, err := w.s.exec("append an event", event, seq, nonNil(data)); err != nil {
		return 0, err
	}
	if err := w.s.index(seq, data); err != nil {
		return 0, err
	}
	first := tlog.StoredHashIndex(0, seq)
	for i, h := range tree.Append(tlog.RecordHash(data)) {
		const hash = `INSERT INTO log_hashes (idx, hash) VALUES ($1, $2)`
		if _, err := w.s.exec("store a hash", hash, first+int64(i), h[:]); err != nil {
			return 0, err
		}
	}
	w.head = control.Head{Size: tree.Size(), Root: tree.Root()}
	return seq, nil
}

// Head implements control.ReadTx.
func (r *reader) Head() (control.Head, error) { return r.readHead("") }

// Head implements control.ReadTx: what this transaction has appended counts.
func (w *writer) Head() (control.Head, error) { return w.head, nil }

// readHead reads the head's row, with the clause that locks it or without.
func (r *reader) readHead(lock string) (control.Head, error) {
	var size int64
	var root string
	ok, err := r.s.row("read the head", `SELECT size, root FROM log_head WHERE id = 1`+lock, nil, &size, &root)
	if err != nil {
		return control.Head{}, err
	}
	if !ok {
		return control.Head{}, r.s.missing("log_head")
	}
	hash, err := tlog.ParseHash(root)
	if err != nil {
		return control.Head{}, r.s.broken(err, "read the head's root")
	}
	return control.Head{Size: size, Root: hash}, nil
}

// Events implements control.ReadTx.
func (r *reader) Events(from int64, limit int) ([]control.Event, error) {
	const query = `SELECT seq, record FROM events WHERE seq >= $1 ORDER BY seq LIMIT $2`
	return list(r.s, "read events", query, []any{from, max(limit, 0)}, func(rows *sql.Rows, e *control.Event) error {
		return rows.Scan(&e.Seq, &e.Record)
	})
}

// readHashes is a tlog.HashReader over log_hashes. Hashes that are missing are
// an Error of Kind Internal.
func (r *reader) readHashes(indexes []int64) ([]tlog.Hash, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	args := make([]any, len(indexes))
	marks := make([]string, len(indexes))
	for i, idx := range indexes {
		args[i], marks[i] = idx, "$"+strconv.Itoa(i+1)
	}
	query := `SELECT idx, hash FROM log_hashes WHERE idx IN (` + strings.Join(marks, ", ") + `)`
	type stored struct {
		idx  int64
		hash []byte
	}
	rows, err := list(r.s, "read hashes", query, args, func(rows *sql.Rows, h *stored) error {
		return rows.Scan(&h.idx, &h.hash)
	})
	if err != nil {
		return nil, err
	}
	found := make(map[int64][]byte, len(rows))
	for _, h := range rows {
		found[h.idx] = h.hash
	}
	hashes := make([]tlog.Hash, len(indexes))
	for i, idx := range indexes {
		if len(found[idx]) != tlog.HashSize {
			return nil, damaged("hash %d is not there", idx)
		}
		hashes[i] = tlog.Hash(found[idx])
	}
	return hashes, nil
}

// damaged says that the log's tables do not agree with one another.
func damaged(format string, args ...any) error {
	return control.Errorf(control.Internal, "log_damaged", format, args...)
}
