package control

import (
	"context"
	"sort"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// SearchRecords returns up to limit records that q takes, in order, from sequence
// number from on. The index says where to look, and what is returned was read
// from the log.
func (s *Service) SearchRecords(ctx context.Context, p Principal, q audit.Query, from int64, limit int) ([]audit.Record, error) {
	if err := p.May(PermAuditRead, Scope{}); err != nil {
		return nil, err
	}
	var out []audit.Record
	err := s.store.View(ctx, func(tx ReadTx) error {
		begin, end, err := spanOf(tx, q)
		if err != nil {
			return err
		}
		out, err = searchRecords(tx, q, max(from, begin), end, limit)
		return err
	})
	return out, err
}

// searchRecords reads what the index leads to, and leaves out what it is wrong about.
func searchRecords(tx ReadTx, q audit.Query, from, end int64, limit int) ([]audit.Record, error) {
	var out []audit.Record
	for terms := q.Terms(); len(out) < limit; {
		page, err := tx.Search(terms, from, end, limit-len(out))
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, e := range page {
			r, err := audit.Decode(e.Record)
			if err != nil {
				return nil, err
			}
			if q.Takes(&r) {
				out = append(out, r)
			}
		}
		from = page[len(page)-1].Seq + 1
	}
	return out, nil
}

// spanOf returns the numbers between which all records of the time of q are. Times
// of records run back by audit.MaxSkew at most.
func spanOf(tx ReadTx, q audit.Query) (begin, end int64, err error) {
	head, err := tx.Head()
	if err != nil {
		return 0, 0, err
	}
	end = head.Size
	if !q.From.IsZero() {
		begin, err = firstAt(tx, head.Size, q.From.Add(-audit.MaxSkew))
	}
	if err == nil && !q.To.IsZero() {
		end, err = firstAt(tx, head.Size, q.To.Add(audit.MaxSkew))
	}
	return begin, end, err
}

// firstAt returns where the log reaches a moment, by bisection: some log₂ size
// records are read.
func firstAt(tx ReadTx, size int64, at time.Time) (int64, error) {
	var failed error
	n := sort.Search(int(size), func(i int) bool {
		if failed != nil {
			return true
		}
		var then time.Time
		then, failed = recordedAt(tx, int64(i))
		return !then.Before(at)
	})
	return int64(n), failed
}

func recordedAt(tx ReadTx, seq int64) (time.Time, error) {
	page, err := tx.Events(seq, 1)
	if err != nil {
		return time.Time{}, err
	}
	if len(page) == 0 {
		return time.Time{}, Errorf(Internal, "log_damaged", "record %d is missing", seq)
	}
	r, err := audit.Decode(page[0].Record)
	if err != nil {
		return time.Time{}, err
	}
	return audit.ParseTime(r.TS)
}
