package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// AppendEvidence implements control.EvidenceStore. Calls that run at the same
// time share a transaction, so that many of them cost one fsync.
func (db *DB) AppendEvidence(ctx context.Context, now time.Time, batches []control.EvidenceBatch) error {
	if len(batches) == 0 {
		return nil
	}
	for _, b := range batches {
		if err := checkText("release", b.Release, "source", b.Source); err != nil {
			return err
		}
	}
	return db.gather.do(ctx, &request{now: now, batches: batches, done: make(chan struct{})})
}

// commitEvidence stores the batches of a group and fills in their numbers.
func (db *DB) commitEvidence(ctx context.Context, group []*request) error {
	stored := make([][]control.EvidenceBatch, len(group))
	err := db.evidence.update(ctx, func(s *session) error {
		head, err := lockEvidence(s, db.dialect.forUpdate())
		if err != nil {
			return err
		}
		for i, r := range group {
			stored[i] = slices.Clone(r.batches)
			if err := head.add(s, &db.packer, r.now, stored[i]); err != nil {
				return err
			}
		}
		if err := head.move(s); err != nil {
			return err
		}
		return db.announce(s, topicEvidence)
	})
	if err != nil {
		return err
	}
	for i, r := range group {
		copy(r.batches, stored[i])
	}
	db.arrived.wake()
	return nil
}

// evidenceHead is the last number given out and the time it got.
type evidenceHead struct {
	seq int64
	at  int64 // milliseconds since 1970
}

// lockEvidence locks the head row, so that replicas give out numbers in turn.
func lockEvidence(s *session, lock string) (evidenceHead, error) {
	var h evidenceHead
	const query = `SELECT seq, received_at_ms FROM evidence_head WHERE id = 1`
	ok, err := s.row("read the evidence's head", query+lock, nil, &h.seq, &h.at)
	if err == nil && !ok {
		err = s.missing("evidence_head")
	}
	return h, err
}

// add stores batches with the numbers after the head's, but for those whose
// sender and number are known.
func (h *evidenceHead) add(s *session, p *packer, now time.Time, batches []control.EvidenceBatch) error {
	const insert = `INSERT INTO evidence_batches (seq, release_id, received_at_ms, source, source_seq, lines)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (source, source_seq) WHERE source <> '' AND source_seq <> 0 DO NOTHING`
	at := max(h.at, toMs(now))
	for i := range batches {
		b := &batches[i]
		n, err := s.exec("store evidence", insert, h.seq+1, b.Release, at, b.Source, b.SourceSeq, p.pack(b.Lines))
		if err != nil {
			return err
		}
		b.Seq = 0
		if n == 1 {
			h.seq, h.at = h.seq+1, at
			b.Seq, b.ReceivedAt = h.seq, fromMs(at)
		}
	}
	return nil
}

// move writes the head as it is after the group.
func (h *evidenceHead) move(s *session) error {
	const update = `UPDATE evidence_head SET seq = $1, received_at_ms = $2 WHERE id = 1`
	_, err := s.exec("move the evidence's head", update, h.seq, h.at)
	return err
}

// Evidence implements control.EvidenceStore.
func (db *DB) Evidence(ctx context.Context, release string, after int64, limit int) ([]control.EvidenceBatch, error) {
	if !storable(release) {
		return nil, nil
	}
	const query = `SELECT seq, release_id, received_at_ms, source, source_seq, lines FROM evidence_batches
		WHERE release_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`
	return view(ctx, db.evidence, "read evidence", query, []any{release, after, max(limit, 0)},
		func(rows *sql.Rows, b *control.EvidenceBatch) error {
			var at int64
			if err := rows.Scan(&b.Seq, &b.Release, &at, &b.Source, &b.SourceSeq, &b.Lines); err != nil {
				return err
			}
			b.ReceivedAt = fromMs(at)
			var err error
			b.Lines, err = unpack(b.Lines)
			return err
		})
}

// EvidenceReleases implements control.EvidenceStore.
func (db *DB) EvidenceReleases(ctx context.Context) ([]string, error) {
	const query = `SELECT DISTINCT release_id FROM evidence_batches ORDER BY release_id`
	return view(ctx, db.evidence, "list evidence", query, nil, func(rows *sql.Rows, id *string) error { return rows.Scan(id) })
}

// DropEvidence implements control.EvidenceStore. The senders' numbers are
// forgotten with the batches, those of the store are not given out again.
func (db *DB) DropEvidence(ctx context.Context, release string, before time.Time, limit int) (dropped int, err error) {
	if !storable(release) {
		return 0, nil
	}
	const query = `DELETE FROM evidence_batches WHERE seq IN (
		SELECT seq FROM evidence_batches WHERE release_id = $1 AND received_at_ms < $2 ORDER BY seq LIMIT $3)`
	err = db.evidence.update(ctx, func(s *session) error {
		n, err := s.exec("drop evidence", query, release, toMs(before), max(limit, 0))
		dropped = int(n)
		return err
	})
	return dropped, err
}
