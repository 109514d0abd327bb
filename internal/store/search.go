package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// recordTerms makes the index by which records are searched, and fills it.
var recordTerms = goose.NewGoMigration(6, &goose.GoFunc{RunTx: makeIndex}, nil)

func makeIndex(ctx context.Context, tx *sql.Tx) error {
	fail := func(err error, doing string) error { return fmt.Errorf("%s: %w", doing, err) }
	s := &session{ctx: ctx, tx: tx, fail: fail}
	const table = `CREATE TABLE event_terms (
		term BIGINT NOT NULL,
		seq  BIGINT NOT NULL,
		PRIMARY KEY (term, seq)
	)`
	if _, err := s.exec("make the index", table); err != nil {
		return err
	}
	return s.indexAll()
}

// Reindex makes the index of the records anew, in one transaction. Writes wait
// meanwhile: some 0.1 ms a record.
func (db *DB) Reindex(ctx context.Context) error {
	return db.write(ctx, control.Normal, func(w *writer) error {
		if _, err := w.s.exec("empty the index", `DELETE FROM event_terms`); err != nil {
			return err
		}
		return w.s.indexAll()
	})
}

func (s *session) indexAll() error {
	for leaf, err := range (logReader{reader{s}}).Leaves() {
		if err != nil {
			return err
		}
		if err := s.index(leaf.Seq, leaf.Record); err != nil {
			return err
		}
	}
	return nil
}

// index adds what a record is found by. One that cannot be read is found by
// nothing: whether it should be there is for a verification to say.
func (s *session) index(seq int64, record []byte) error {
	r, err := audit.Decode(record)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	terms := audit.Terms(&r)
	if len(terms) == 0 {
		return nil
	}
	args := []any{seq}
	rows := make([]string, len(terms))
	for i, t := range terms {
		args = append(args, int64(t))
		rows[i] = fmt.Sprintf("($%d, $1)", i+2)
	}
	_, err = s.exec("index a record", `INSERT INTO event_terms (term, seq) VALUES `+strings.Join(rows, ", "), args...)
	return err
}

// Search implements control.ReadTx. It walks the entries of the first term and
// looks each up among those of the others.
func (r *reader) Search(terms []audit.Term, from, to int64, limit int) ([]control.Event, error) {
	query, args := searchQuery(terms, from, to, limit)
	return list(r.s, "search events", query, args, func(rows *sql.Rows, e *control.Event) error {
		return rows.Scan(&e.Seq, &e.Record)
	})
}

func searchQuery(terms []audit.Term, from, to int64, limit int) (string, []any) {
	args := []any{from, to, max(limit, 0)}
	if len(terms) == 0 {
		return `SELECT seq, record FROM events WHERE seq >= $1 AND seq < $2 ORDER BY seq LIMIT $3`, args
	}
	var others strings.Builder
	for i, term := range terms {
		args = append(args, int64(term))
		if i > 0 {
			fmt.Fprintf(&others, ` AND EXISTS (SELECT 1 FROM event_terms o WHERE o.term = $%d AND o.seq = t.seq)`, i+4)
		}
	}
	return `SELECT t.seq, e.record FROM event_terms t JOIN events e ON e.seq = t.seq
		WHERE t.seq >= $1 AND t.seq < $2 AND t.term = $4` + others.String() + ` ORDER BY t.seq LIMIT $3`, args
}

// Index implements audit.IndexedLog.
func (l logReader) Index() iter.Seq2[audit.Entry, error] {
	const query = `SELECT term, seq FROM event_terms WHERE (term, seq) > ($1, $2) ORDER BY term, seq LIMIT $3`
	const all = `SELECT term, seq FROM event_terms ORDER BY term, seq LIMIT $1`
	return pages(func(last *audit.Entry) ([]audit.Entry, error) {
		text, args := all, []any{pageSize}
		if last != nil {
			text, args = query, []any{int64(last.Term), last.Seq, pageSize}
		}
		return list(l.r.s, "read the index", text, args, func(rows *sql.Rows, e *audit.Entry) error {
			return rows.Scan(&e.Term, &e.Seq)
		})
	})
}
