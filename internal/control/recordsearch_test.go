package control

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/audit"
)

// datedTx is a log of records that have nothing but a time.
type datedTx struct {
	ReadTx

	times []time.Time
}

func (tx datedTx) Head() (Head, error) { return Head{Size: int64(len(tx.times))}, nil }

func (tx datedTx) Events(from int64, limit int) ([]Event, error) {
	return tx.Search(nil, from, int64(len(tx.times)), limit)
}

func (tx datedTx) Search(_ []audit.Term, from, to int64, limit int) ([]Event, error) {
	var out []Event
	for seq := from; seq < to && len(out) < limit; seq++ {
		record, err := audit.Encode(audit.Record{Seq: seq, TS: audit.FormatTime(tx.times[seq])})
		if err != nil {
			return nil, err
		}
		out = append(out, Event{Seq: seq, Record: record})
	}
	return out, nil
}

// TestSearchByTime finds exactly the records of a time, in a log whose times run
// back as far as those of replicas may.
func TestSearchByTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
		moment := rapid.Int64Range(0, 20_000)
		var tx datedTx
		newest := int64(0)
		for range rapid.IntRange(0, 40).Draw(t, "records") {
			at := newest + rapid.Int64Range(-audit.MaxSkew.Milliseconds(), 3000).Draw(t, "step")
			newest = max(newest, at)
			tx.times = append(tx.times, begin.Add(time.Duration(at)*time.Millisecond))
		}
		q := audit.Query{From: begin.Add(time.Duration(moment.Draw(t, "from")) * time.Millisecond), To: begin.Add(time.Duration(moment.Draw(t, "to")) * time.Millisecond)}
		from, to, err := spanOf(tx, q)
		if err != nil {
			t.Fatal(err)
		}
		found, err := searchRecords(tx, q, from, to, 100)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, at := range tx.times {
			if !at.Before(q.From) && at.Before(q.To) {
				want++
			}
		}
		if len(found) != want {
			t.Errorf("%d records, want %d", len(found), want)
		}
	})
}
