package runner_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// somebody is a person with all rights, who can be found again later.
func (w *world) somebody(t *testing.T) control.Principal {
	t.Helper()
	a, err := w.CreateAccount(t.Context(), root, control.Account{Kind: control.KindHuman, Username: "ada", Role: control.RoleAdmin})
	check(t, err)
	return control.Principal{Kind: control.KindHuman, ID: a.ID, Via: "session", Grants: root.Grants}
}

// count returns how many records of a type the log has.
func (w *world) count(t *testing.T, typ string) (n int) {
	t.Helper()
	events, err := w.Events(t.Context(), root, 0, 1000)
	check(t, err)
	for _, e := range events {
		r, err := audit.Decode(e.Record)
		check(t, err)
		if r.Type == typ {
			n++
		}
	}
	return n
}

// TestTwoRunnersBegin lets two replicas wait for the same moment: the release
// begins once.
func TestTwoRunnersBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	w.run(t, w.db)
	p, err := gate.ParsePlan([]byte(plan))
	check(t, err)
	r, err := w.StartRelease(t.Context(), w.somebody(t), control.StartRelease{
		Flag: flagName, Environment: "production", Build: "b2", Control: "b1", Plan: p, StartAt: time.Now().Add(300 * time.Millisecond),
	})
	check(t, err)
	diff(t, "state", control.Scheduled, w.read(t, r.ID).State)
	begun := w.until(t, r.ID, false, func(v control.ReleaseView) bool { return v.State != control.Scheduled })
	diff(t, "state", control.Running, begun.State)
	diff(t, "beginnings", 1, w.count(t, "release.milestone.enter"))
	diff(t, "state", control.Completed, w.until(t, r.ID, true, closed).State)
	diff(t, "promotions", []int{0, 1, 2}, w.promotions(t, r.ID))
}

// TestByTime leaves milestones without any evidence: by time, and by approval.
func TestByTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, w.db)
	p, err := gate.ParsePlan([]byte(`{"kind": "ReleasePlan", "metadata": {"name": "clock"}, "policy": ` + plan + `, "milestones": [
		{"percent": 5, "pass": "time", "min_duration": "50ms"}, {"percent": 10, "pass": "approval"}, {"percent": 100, "approvals": 1}]}`))
	check(t, err)
	r := w.startBy(t, flagName, p)
	w.until(t, r.ID, false, at(1, gate.ApprovalMissing))
	_, err = w.ApproveRelease(t.Context(), approver, r.ID, "seen it")
	check(t, err)
	diff(t, "state", control.Completed, w.until(t, r.ID, false, closed).State)

	bad := w.startBy(t, otherFlag, p) // what is bad is found all the same
	w.submit(t, bad, 300, false)
	diff(t, "state of what is bad", control.RolledBack, w.until(t, bad.ID, false, closed).State)
}
