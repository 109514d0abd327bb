package runner_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/runner"
)

func TestClimbs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	r := w.start(t, flagName, plan)
	end := w.until(t, r.ID, true, closed)
	if end.State != control.Completed || end.Percent() != 100 {
		t.Errorf("ended as %s at %d %%: %s", end.State, end.Percent(), end.Verdict.Reason)
	}
	diff(t, "promotions", []int{0, 1, 2}, w.promotions(t, r.ID))
}

func TestRollsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	r := w.start(t, flagName, plan)
	r = w.until(t, r.ID, true, at(1, ""))
	w.submit(t, r, 200, false)
	end := w.until(t, r.ID, false, closed)
	if end.State != control.RolledBack || !strings.HasSuffix(end.Verdict.Reason, ":task_success_rate") {
		t.Errorf("ended as %s: %s", end.State, end.Verdict.Reason)
	}
	v, err := w.Verdict(t.Context(), root, end.Verdict.ID)
	check(t, err)
	if len(v.Evidence) == 0 || len(v.Policy) == 0 {
		t.Error("the verdict is kept without what it was made on")
	}
}

// TestPolicyOfAMilestone changes the signals on the way: evidence that came
// before counts for them too.
func TestPolicyOfAMilestone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := strings.Replace(plan, `"weight": 1,`, `"weight": 0.5,`, 1)
	own = strings.Replace(own, `"signals": [`, `"signals": [{"name": "evidence_coverage", "weight": 0.5, "min_n": 20, "relative": {"require_ni": "never"}}, `, 1)
	p := `{"apiVersion": "lockflight/v1", "kind": "ReleasePlan", "metadata": {"name": "two"}, "policy": ` + plan + `,
		"milestones": [{"percent": 10}, {"percent": 25, "policy": ` + own + `}, {"percent": 100, "final": true}]}`
	live, _ := w.run(t, w.db)
	r := w.start(t, flagName, p)
	r = w.until(t, r.ID, true, at(1, ""))
	_, policy, ok := live.Running("production", flagName)
	for now := r; ok && len(policy.Signals) != 2 && now.Milestone == 1; now = w.read(t, r.ID) {
		live.Await(t.Context(), r.ID, live.Mark(r.ID))
		_, policy, ok = live.Running("production", flagName)
	}
	end := w.until(t, r.ID, true, closed)
	diff(t, "state", control.Completed, end.State)
	diff(t, "promotions", []int{0, 1}, w.promotions(t, r.ID))
	if n := len(end.Verdict.Decision.Signals); n != 2 {
		t.Errorf("the last verdict has %d signals, want 2", n)
	}
}

// TestRestart ends a runner in the middle, and goes on with another: on the
// same restart points, and no milestone twice.
func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, stop := w.run(t, w.db)
	r := w.start(t, flagName, plan)
	for r.Milestone == 0 {
		w.submit(t, r, 25, true)
		await(t, first, r.ID, func(e control.Evaluation) bool { return int64(e.Snapshot.Exposures.Treatment) == w.units.Load()/2 })
		r = w.read(t, r.ID)
	}
	held := w.until(t, r.ID, false, at(1, gate.MinExposures))
	if len(held.Marks["task_success_rate"]) == 0 {
		t.Fatalf("no restart point: %v", held.Marks)
	}
	stop()

	second, _ := w.run(t, w.db)
	e := await(t, second, r.ID, func(control.Evaluation) bool { return true })
	diff(t, "restart points", held.Marks, e.Marks)
	diff(t, "evidence", held.Verdict.Decision.Signals, e.Decision.Signals)
	if e.Rev != held.Rev || e.Decision.Reason != gate.MinExposures {
		t.Errorf("evaluated revision %d to %s", e.Rev, e.Decision.Reason)
	}
	w.until(t, r.ID, true, closed)
	diff(t, "promotions", []int{0, 1, 2}, w.promotions(t, r.ID))
}

// TestRestartPointsSinceTheLastVerdict ends a runner long after the last verdict
// that was written. The next one has the restart points that were taken since,
// and so has one that followed beside it.
func TestRestartPointsSinceTheLastVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, stop := w.run(t, w.db)
	beside, _ := w.run(t, w.db)
	r := w.start(t, flagName, strings.Replace(plan, `"min_duration": "0s"`, `"min_duration": "2h"`, 1))
	begin := time.Now()
	send := func(seconds, n int) control.Evaluation {
		w.submitAt(t, r, begin.Add(time.Duration(seconds)*time.Second), n, true)
		return await(t, first, r.ID, func(e control.Evaluation) bool { return int64(e.Snapshot.Exposures.Treatment) == w.units.Load()/2 })
	}
	send(0, 30)
	written := w.until(t, r.ID, false, at(0, gate.MinDuration))
	for second := range 7 {
		send(second+1, 60)
	}
	last := send(8, 1)
	if now := w.read(t, r.ID); now.Rev != written.Rev || len(last.Marks["task_success_rate"]) != 3 || len(now.Marks["task_success_rate"]) != 0 {
		t.Fatalf("revision %d with points %v, want none since revision %d, and 3 in memory: %v", now.Rev, now.Marks, written.Rev, last.Marks)
	}
	stop()

	second, _ := w.run(t, w.db)
	all := func(e control.Evaluation) bool {
		return e.Snapshot.Exposures.Treatment == last.Snapshot.Exposures.Treatment
	}
	for name, live := range map[string]*runner.Runner{"after the restart": second, "beside it": beside} {
		e := await(t, live, r.ID, all)
		diff(t, "restart points "+name, last.Marks, e.Marks)
		diff(t, "signals "+name, last.Decision.Signals, e.Decision.Signals)
	}
}

// await returns the first evaluation that is as wanted.
func await(t *testing.T, live *runner.Runner, id string, is func(control.Evaluation) bool) control.Evaluation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		mark := live.Mark(id)
		if e, ok := live.Latest(id); ok && is(e) {
			return e
		}
		live.Await(ctx, id, mark)
		if ctx.Err() != nil {
			t.Fatalf("release %s was not evaluated so", id)
		}
	}
}

// TestTwoRunners shares a store between two replicas: each milestone is left
// once.
func TestTwoRunners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	w.run(t, w.db)
	r := w.start(t, flagName, plan)
	end := w.until(t, r.ID, true, closed)
	diff(t, "state", control.Completed, end.State)
	diff(t, "promotions", []int{0, 1, 2}, w.promotions(t, r.ID))
}

// TestPausedIsNotEvaluated sends a paused release evidence that would end it.
// That the runner has passed it by is seen by the other release.
func TestPausedIsNotEvaluated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live, _ := w.run(t, w.db)
	r, other := w.start(t, flagName, plan), w.start(t, otherFlag, plan)
	w.until(t, r.ID, false, at(0, gate.MinExposures))
	paused, err := w.PauseRelease(t.Context(), root, r.ID, "")
	check(t, err)
	before := awaitPause(t, live, r.ID)
	w.submit(t, r, 300, false)
	w.until(t, other.ID, true, at(1, ""))
	after, _ := live.Latest(r.ID)
	diff(t, "evaluated at", before, after.At)
	diff(t, "release", paused, w.read(t, r.ID))

	_, err = w.ResumeRelease(t.Context(), root, r.ID, "")
	check(t, err)
	diff(t, "state after it is resumed", control.RolledBack, w.until(t, r.ID, false, closed).State)
}

// awaitPause returns when the runner last looked at the release, once it knows
// that it is paused.
func awaitPause(t *testing.T, live *runner.Runner, id string) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		mark := live.Mark(id)
		if r, _, ok := live.Running("production", flagName); ok && r.State == control.Paused {
			break
		}
		live.Await(ctx, id, mark)
	}
	e, _ := live.Latest(id)
	return e.At
}

// TestPromotedByHand takes a restart point at the milestone that a person
// promoted to, also where the runner did not run then.
func TestPromotedByHand(t *testing.T) {
	t.Parallel()
	for name, restarted := range map[string]bool{"while it runs": false, "while it does not": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, stop := w.run(t, w.db)
			r := w.start(t, flagName, plan)
			w.submit(t, r, 10, true)
			w.until(t, r.ID, false, at(0, gate.MinExposures))
			if restarted {
				stop()
			}
			_, err := w.PromoteRelease(t.Context(), root, r.ID, "known to be fine")
			check(t, err)
			if restarted {
				w.run(t, w.db)
			}
			held := w.until(t, r.ID, false, at(1, gate.MinExposures))
			diff(t, "restart points", map[string][]int64{"task_success_rate": {60}}, held.Marks)
			diff(t, "state", control.Completed, w.until(t, r.ID, true, closed).State)
			diff(t, "promotions", []int{0, 1, 2}, w.promotions(t, r.ID))
		})
	}
}

// brokenEvidence is a store whose evidence cannot be read for a while.
type brokenEvidence struct {
	control.EvidenceStore
	broken atomic.Bool
	failed chan struct{} // receives at each failure, if anyone waits
}

func (b *brokenEvidence) Evidence(ctx context.Context, release string, after int64, limit int) ([]control.EvidenceBatch, error) {
	if b.broken.Load() {
		select {
		case b.failed <- struct{}{}:
		default:
		}
		return nil, errors.New("the disk is gone")
	}
	return b.EvidenceStore.Evidence(ctx, release, after, limit)
}

// TestStoreErrorsHold leaves the release as it is while the store fails.
func TestStoreErrorsHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	evidence := &brokenEvidence{EvidenceStore: w.db, failed: make(chan struct{}, 1)}
	evidence.broken.Store(true)
	w.run(t, evidence)
	r := w.start(t, flagName, plan)
	w.submit(t, r, 300, false)
	for range 2 {
		<-evidence.failed
	}
	diff(t, "release", r, w.read(t, r.ID))
	evidence.broken.Store(false)
	diff(t, "state", control.RolledBack, w.until(t, r.ID, false, closed).State)
}

func TestMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live, _ := w.run(t, w.db)
	if _, ok := live.Latest("rel-none"); ok || live.Mark("rel-none") != "" {
		t.Error("there is an evaluation of no release")
	}
	if _, _, ok := live.Running("production", flagName); ok {
		t.Error("a release runs before it is started")
	}
	if got := live.Await(t.Context(), "rel-none", "old"); got != "" {
		t.Errorf("awaiting no release: %q", got)
	}
	r := w.start(t, flagName, plan)
	first := live.Await(t.Context(), r.ID, "")
	if first == "" {
		t.Fatal("awaiting a release: no mark")
	}
	w.until(t, r.ID, false, at(0, gate.MinExposures))
	view, policy, ok := live.Running("production", flagName)
	if !ok || view.ID != r.ID || policy.Metadata.Name != "quick" {
		t.Errorf("running: %v, %s", ok, view.ID)
	}
	mark := live.Mark(r.ID)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := live.Await(ended, r.ID, mark); got == "" {
		t.Errorf("a context that has ended: mark %q, had %q", got, mark)
	}
	_, err := w.RollbackRelease(t.Context(), root, r.ID, "")
	check(t, err)
	for mark != "" {
		mark = live.Await(t.Context(), r.ID, mark)
	}
}

// TestRefresh asks a runner whose loop does not run: it answers by what is
// committed, and not again where nothing is.
func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live := runner.New(runner.Options{Service: w.Service, Evidence: w.db, Wake: w.db})
	check(t, live.Refresh(t.Context()))
	r := w.start(t, flagName, plan)
	if _, _, ok := live.Running("production", flagName); ok {
		t.Error("a release is known before anybody looked")
	}
	for range 2 {
		check(t, live.Refresh(t.Context()))
		if view, policy, ok := live.Running("production", flagName); !ok || view.ID != r.ID || policy.Metadata.Name != "quick" {
			t.Errorf("running: %v, %+v", ok, view)
		}
	}
	_, err := w.RollbackRelease(t.Context(), root, r.ID, "")
	check(t, err)
	check(t, live.Refresh(t.Context()))
	if view, _, ok := live.Running("production", flagName); ok {
		t.Errorf("running after its end: %+v", view)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := live.Refresh(ended); err == nil {
		t.Error("refreshed from a store that does not answer")
	}
}
