package runner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/runner"
)

// TestOverflow holds a release whose units find no room, and says why. When
// another has ended there is room: all of its evidence counts, and it goes on.
func TestOverflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live, _ := w.runWith(t, runner.Options{Evidence: w.db, Units: 300})
	one, other := w.start(t, flagName, plan), w.start(t, otherFlag, strings.Replace(plan, `"min_step_exposures": 20`, `"min_step_exposures": 10000`, 1))
	w.submit(t, other, 100, true)
	await(t, live, other.ID, func(e control.Evaluation) bool { return e.Snapshot.Exposures.Treatment == 100 })
	w.submit(t, one, 100, true)
	held := w.until(t, one.ID, false, at(0, gate.EvidenceMissing+":task_success_rate"))
	if s := held.Verdict.Decision.Signals[0]; s.Status != gate.Missing || s.Why != string(gate.Overflow) {
		t.Errorf("%s is %s (%s)", s.Name, s.Status, s.Why)
	}
	if !slices.ContainsFunc(held.Verdict.Decision.Needs, func(need string) bool { return strings.HasPrefix(need, "room: ") }) {
		t.Errorf("needs %q", held.Verdict.Decision.Needs)
	}
	_, err := w.RollbackRelease(t.Context(), root, other.ID, "")
	check(t, err)
	e := await(t, live, one.ID, func(e control.Evaluation) bool {
		return e.Snapshot.Exposures.Treatment == 100 && e.Snapshot.Exposures.Overflow == 0
	})
	if e.Decision.Signals[0].Status != gate.Pass {
		t.Errorf("with room again: %+v", e.Decision)
	}
}
