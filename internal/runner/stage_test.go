package runner_test

import (
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// TestTwoRunnersGoOn takes a build through two environments, by two replicas:
// each is entered once, and left by the gate alone.
func TestTwoRunnersGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	w.run(t, w.db)
	milestones := `"milestones": [{"percent": 10}, {"percent": 50}, {"percent": 100}]`
	stage := func(env string) string { return `{"environment": "` + env + `", ` + milestones + `}` }
	p, err := gate.ParsePlan([]byte(`{"kind": "ReleasePlan", "policy": ` + plan + `, "stages": [` + strings.Join([]string{stage("development"), stage("production")}, ",") + `]}`))
	check(t, err)
	r, err := w.StartRelease(t.Context(), w.somebody(t), control.StartRelease{Flag: flagName, Build: "b2", Control: "b1", Plan: p})
	check(t, err)
	first := w.until(t, r.ID, true, closed)
	diff(t, "state", control.Completed, first.State)
	second := w.until(t, first.Next, true, closed)
	diff(t, "state", control.Completed, second.State)
	diff(t, "environment", "production", second.Environment)
	diff(t, "promotions", []int{0, 1}, w.promotions(t, second.ID))
	all, err := w.Releases(t.Context(), root, false)
	check(t, err)
	diff(t, "releases", 2, len(all))
}
