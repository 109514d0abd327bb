package runner_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/runner"
)

// sourced is plan with an outside figure, a rule over it, and a figure that is
// asked for each 10 ms.
var sourced = strings.Replace(plan, `"require_ni": "never"}}],`, `"require_ni": "never"}},
	{"name": "queue", "promote": 10, "rollback": 20, "on_fail": "rollback", "source": {"promql": "queue", "max_age": "1m"}}],
	"rules": [{"name": "short", "expr": "signals.queue.estimate < 8.0"}],`, 1)

// gauge is an outside source.
type gauge struct {
	mu    sync.Mutex
	value float64
	at    time.Time // now where zero
	err   error
	hang  bool // until the question is given up
}

func (g *gauge) set(f func(*gauge)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(g)
}

func (g *gauge) Figure(ctx context.Context, _ control.ReleaseView, _ *gate.Source, now time.Time) (float64, time.Time, error) {
	g.mu.Lock()
	hang, value, at, err := g.hang, g.value, g.at, g.err
	g.mu.Unlock()
	if hang {
		<-ctx.Done()
		return 0, time.Time{}, ctx.Err()
	}
	if at.IsZero() {
		at = now
	}
	return value, at, err
}

// TestOutsideFigure takes one release through what an outside source may say:
// nothing but a good and fresh figure lets it go on.
func TestOutsideFigure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := &gauge{err: errors.New("connection refused")}
	w.runWith(t, runner.Options{Evidence: w.db, Figures: g})
	r := w.start(t, flagName, sourced)
	const missing = gate.EvidenceMissing + ":queue"
	w.until(t, r.ID, true, at(0, missing))

	g.set(func(g *gauge) { g.err, g.value = nil, 15 })
	w.until(t, r.ID, true, at(0, gate.BelowPromote+":queue"))
	g.set(func(g *gauge) { g.at = time.Now().Add(-time.Hour) })
	w.until(t, r.ID, true, at(0, missing))
	g.set(func(g *gauge) { g.at, g.value = time.Time{}, 9 })
	w.until(t, r.ID, true, at(0, gate.RuleHolds+":short"))

	g.set(func(g *gauge) { g.value = 3 })
	end := w.until(t, r.ID, true, closed)
	diff(t, "state", control.Completed, end.State)
	diff(t, "promotions", []int{0, 1, 2}, w.promotions(t, r.ID))
}

func TestOutsideFigureRollsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runWith(t, runner.Options{Evidence: w.db, Figures: &gauge{value: 21}})
	r := w.start(t, flagName, sourced)
	end := w.until(t, r.ID, false, closed)
	diff(t, "reason", gate.SevereFloor+":queue", end.Verdict.Reason)
}

// TestSourceHangs shows that a source which never answers keeps neither the
// gate from rolling back nor a person.
func TestSourceHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runWith(t, runner.Options{Evidence: w.db, Figures: &gauge{hang: true}})
	byGate, byHand := w.start(t, flagName, sourced), w.start(t, otherFlag, sourced)
	w.submit(t, byGate, 200, false)
	end := w.until(t, byGate.ID, false, closed)
	diff(t, "reason", gate.SevereFloor+":task_success_rate", end.Verdict.Reason)
	w.until(t, byHand.ID, false, at(0, gate.EvidenceMissing+":queue"))
	after, err := w.RollbackRelease(t.Context(), root, byHand.ID, "")
	check(t, err)
	diff(t, "state", control.RolledBack, after.State)
}

// TestNoSources leaves a signal missing where no source is configured.
func TestNoSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	r := w.start(t, flagName, sourced)
	w.until(t, r.ID, true, at(0, gate.EvidenceMissing+":queue"))
}

func TestRuleThatDoesNotCompile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := gate.ParsePlan([]byte(strings.Replace(sourced, "signals.queue.estimate", "signals.queues.estimate", 1)))
	check(t, err)
	_, err = w.StartRelease(t.Context(), root, control.StartRelease{Flag: flagName, Environment: "production", Build: "b2", Plan: p})
	if control.KindOf(err) != control.Invalid || !strings.Contains(err.Error(), `no signal "queues"`) {
		t.Errorf("started: %v", err)
	}
}
