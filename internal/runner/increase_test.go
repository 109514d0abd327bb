package runner_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// approver is somebody else than who starts the releases of these tests.
var approver = control.Principal{Kind: control.KindHuman, ID: "u_other", Via: "session", Grants: root.Grants}

// TestAwaitsApproval holds a release that has passed until a person approves.
func TestAwaitsApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	p, err := gate.ParsePlan([]byte(plan))
	check(t, err)
	p.Milestones[1].Approvals = 1
	r := w.startBy(t, flagName, p)
	held := w.until(t, r.ID, true, at(0, gate.ApprovalMissing))
	diff(t, "state", control.Running, held.State)
	_, err = w.ApproveRelease(t.Context(), approver, r.ID, "looks fine")
	check(t, err)
	diff(t, "state", control.Completed, w.until(t, r.ID, true, closed).State)
	diff(t, "promotions", []int{0, 1, 2}, w.promotions(t, r.ID))
}

// TestFreeze holds what would grow while a freeze lasts, and goes on by itself
// after it; a rollback does not wait.
func TestFreeze(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	begin := time.Now()
	frozen := func(to time.Duration) gate.Plan {
		p, err := gate.ParsePlan([]byte(plan))
		check(t, err)
		p.Calendar = &gate.Calendar{Freezes: []gate.Freeze{{From: begin.Add(time.Second), To: begin.Add(to), Reason: "sales"}}}
		p.Policy.Evidence.MinDuration = gate.Duration(time.Second)
		return p
	}
	short, long := w.startBy(t, flagName, frozen(2*time.Second)), w.startBy(t, otherFlag, frozen(time.Hour))
	w.until(t, short.ID, true, at(0, gate.OperatorFrozen))
	w.until(t, long.ID, true, at(0, gate.OperatorFrozen))
	w.until(t, short.ID, true, at(1, ""))
	w.submit(t, long, 300, false)
	diff(t, "state of what is bad in a freeze", control.RolledBack, w.until(t, long.ID, false, closed).State)
}
