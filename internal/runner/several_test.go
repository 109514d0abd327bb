package runner_test

import (
	"slices"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestSeveralFlags decides on what all flags of a release show, and no longer
// on what one has shown that was rolled back.
func TestSeveralFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := gate.ParsePlan([]byte(plan))
	check(t, err)
	started, err := w.StartRelease(t.Context(), root, control.StartRelease{
		Flag: flagName, Environment: "production", Build: "b2", Control: "b1", Plan: p,
		With: []control.StartTarget{{Flag: otherFlag, Build: "s2", Control: "s1"}},
	})
	check(t, err)
	run, _ := w.run(t, w.db)
	check(t, run.Refresh(t.Context()))
	view, _, running := run.Running("production", otherFlag)
	diff(t, "running", []any{true, started.ID, "s2", "s1"}, []any{running, view.ID, view.Build, view.Control})

	w.submit(t, view, 25, true) // of the other flag alone
	w.until(t, started.ID, false, at(0, gate.PassAgain))
	w.submit(t, view, 25, true)
	w.until(t, started.ID, false, at(1, ""))
	view, _, _ = run.Running("production", otherFlag)
	_, err = w.RollbackTargets(t.Context(), root, started.ID, []string{otherFlag}, "errors")
	check(t, err)
	w.submit(t, view, 300, false) // what it shows from here on is nobody's
	end := w.until(t, started.ID, true, closed)
	diff(t, "state", control.Completed, end.State)
	check(t, run.Refresh(t.Context()))
	_, _, running = run.Running("production", otherFlag)
	diff(t, "running", false, running)
}

// TestShadow serves nobody at a shadow milestone, and asks for evidence all the
// same.
func TestShadow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	p, err := gate.ParsePlan([]byte(`{"kind": "ReleasePlan", "policy": ` + plan + `, "milestones": [{"percent": 0, "shadow": true}, {"percent": 10}, {"percent": 100}]}`))
	check(t, err)
	r := w.startBy(t, flagName, p)
	w.until(t, r.ID, false, at(0, gate.MinExposures))
	served, err := w.Served(t.Context(), "production")
	check(t, err)
	i := slices.IndexFunc(served.Flags, func(f eval.Flag) bool { return f.Name == flagName })
	diff(t, "rollout", "0", served.Flags[i].Strategies[0].Parameters["rollout"])
	_, known := w.read(t, r.ID).Arm("u1")
	diff(t, "a unit has an arm by its hash", false, known)
	diff(t, "state", control.Completed, w.until(t, r.ID, true, closed).State)
	diff(t, "promotions", []int{0, 1}, w.promotions(t, r.ID))

	bad := w.startBy(t, otherFlag, p)
	w.submit(t, bad, 300, false)
	end := w.until(t, bad.ID, false, closed)
	diff(t, "what fails in the shadow", []any{control.RolledBack, 0}, []any{end.State, end.Milestone})
}
