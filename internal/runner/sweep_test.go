package runner_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/drift"
)

// sweeping is a store that tells when evidence was dropped, and of what.
type sweeping struct {
	control.EvidenceStore
	dropped chan string
}

func (s *sweeping) DropEvidence(ctx context.Context, release string, before time.Time, limit int) (int, error) {
	n, err := s.EvidenceStore.DropEvidence(ctx, release, before, limit)
	s.dropped <- release
	return n, err
}

func (w *world) sweeping() *sweeping { return &sweeping{w.db, make(chan string, 100)} }

func awaitDrop(t *testing.T, s *sweeping, release string) {
	t.Helper()
	select {
	case got := <-s.dropped:
		diff(t, "evidence dropped of", release, got)
	case <-time.After(patience):
		t.Fatalf("the evidence of %s is kept", release)
	}
}

func (w *world) batches(t *testing.T, release string) int {
	t.Helper()
	all, err := w.db.Evidence(t.Context(), release, 0, 10_000)
	check(t, err)
	return len(all)
}

// TestEvidenceOfAnEndedRelease is dropped with its end, and of no other release.
// The verdict that ended it is decided on the same again by what it has kept.
func TestEvidenceOfAnEndedRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sweeping()
	w.run(t, s)
	r, other := w.start(t, flagName, plan), w.start(t, otherFlag, plan)
	w.submit(t, other, 1, true)
	w.submit(t, r, 200, false)
	end := w.until(t, r.ID, false, closed)
	awaitDrop(t, s, r.ID)
	if n, kept := w.batches(t, r.ID), w.batches(t, other.ID); n != 0 || kept != 1 {
		t.Errorf("%d batches of it are kept, and %d of the other", n, kept)
	}
	v, err := w.Verdict(t.Context(), root, end.Verdict.ID)
	check(t, err)
	policy, err := gate.ParsePolicy(v.Policy)
	check(t, err)
	var made struct {
		Snapshot gate.Snapshot `json:"snapshot"`
		State    gate.State    `json:"state"`
	}
	check(t, json.Unmarshal(v.Evidence, &made))
	if d := gate.Decide(policy, made.Snapshot, made.State); d.Verdict != gate.Rollback || d.Reason != v.Reason {
		t.Errorf("replayed to %s %s, want %s", d.Verdict, d.Reason, v.Reason)
	}
}

// TestEvidenceThatIsLeft of a release that ended while nothing ran is dropped at
// the next start.
func TestEvidenceThatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start(t, flagName, plan)
	w.submitAt(t, r, time.Now(), 1, true)
	_, err := w.RollbackRelease(t.Context(), root, r.ID, "")
	check(t, err)
	s := w.sweeping()
	w.run(t, s)
	awaitDrop(t, s, r.ID)
	if n := w.batches(t, r.ID); n != 0 {
		t.Errorf("%d batches are kept", n)
	}
}

// TestEvidenceOfAWatch keeps what the stored state has not folded, however long
// it was stored before the state: a report may be late.
func TestEvidenceOfAWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.watching(t)
	r := w.complete(t, watchedPlan(gate.OnDriftIncident, 0))
	stop()
	at := r.Watch.Since.Add(2 * window)
	for i := range 3 {
		w.outcomes(t, r, at.Add(time.Duration(i)*time.Millisecond), gate.Treatment, 10, true)
	}
	_, err := w.ReportWatch(t.Context(), control.Engine(), control.WatchReport{
		Release: r.ID, Rev: r.Rev, State: drift.State{Clock: at.Add(time.Millisecond)}, // as of the second
	})
	check(t, err)
	s := w.sweeping()
	w.run(t, s)
	awaitDrop(t, s, r.ID)
	if n := w.batches(t, r.ID); n != 2 {
		t.Errorf("%d batches are kept, want the second, whose moment another may share, and the third", n)
	}
}
