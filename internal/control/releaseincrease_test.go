package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// person is somebody who is signed in.
func person(id string) control.Principal {
	p := root
	p.Kind, p.ID, p.Via, p.Cred = control.KindHuman, id, "session", "ses_"+id
	return p
}

// TestApproveRelease counts people, each once, and lets nothing grow before.
func TestApproveRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := starting()
	in.Plan.Milestones[1].Approvals = 2
	r := must(w.StartRelease(t.Context(), person("u_starter"), in))(t)
	view := w.apply(t, must(w.Release(t.Context(), root, r.ID))(t), gate.Hold, gate.MinDuration)
	if n := view.AwaitsApprovals(); n != 2 {
		t.Fatalf("awaits %d approvals, want 2", n)
	}
	for name, p := range map[string]control.Principal{
		"a service":       root,
		"a token":         {Kind: control.KindHuman, ID: "u_one", Via: "pat", Grants: root.Grants},
		"an agent":        {Kind: control.KindAgent, ID: "a_one", Grants: root.Grants},
		"the starter":     person("u_starter"),
		"who may not":     {Kind: control.KindHuman, ID: "u_two", Via: "session", Grants: may(control.Scope{}, control.PermRead, control.PermReleasePromote).Grants},
		"who is nobody":   {},
		"in another flag": {Kind: control.KindHuman, ID: "u_two", Via: "session", Grants: may(control.Scope{Project: "default"}, control.PermAny).Grants},
	} {
		if _, err := w.ApproveRelease(t.Context(), p, r.ID, ""); err == nil {
			t.Errorf("%s has approved", name)
		}
	}
	from := w.head(t).Size
	one := must(w.ApproveRelease(t.Context(), person("u_one"), r.ID, "fine"))(t)
	diff(t, "again", one, must(w.ApproveRelease(t.Context(), person("u_one"), r.ID, "fine"))(t))
	diff(t, "approvals", []control.Approval{{Milestone: 1, By: "u_one", At: w.now(), Note: "fine"}}, one.Approvals)
	diff(t, "records", []string{"release.approve"}, types(w.since(t, from)))
	w.accounted(t, w.since(t, from))

	_, err := w.PromoteRelease(t.Context(), root, r.ID, "hurry")
	if code(err) != "approval_missing" {
		t.Errorf("promoted by hand: %v", err)
	}
	if _, err := w.Apply(t.Context(), control.Engine(), w.decided(one, gate.Promote, gate.AllPass)); code(err) != "approval_missing" {
		t.Errorf("promoted by the gate: %v", err)
	}
	two := must(w.ApproveRelease(t.Context(), person("u_two"), r.ID, ""))(t)
	next := w.apply(t, two, gate.Promote, gate.AllPass)
	if next.Milestone != 1 || next.AwaitsApprovals() != 0 {
		t.Errorf("at milestone %d, awaits %d", next.Milestone, next.AwaitsApprovals())
	}
	if _, err := w.ApproveRelease(t.Context(), person("u_two"), r.ID, ""); code(err) != "no_approval_needed" {
		t.Errorf("approved for nothing: %v", err)
	}
}

// TestCalendar lets nothing grow outside its windows, and everything fall.
func TestCalendar(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // on a Sunday, 10:00
	in := starting()
	in.Plan.Calendar = &gate.Calendar{TimeZone: "Asia/Tokyo", Windows: []gate.ChangeWindow{{Days: []string{"sun"}, From: "19:00", To: "20:00"}}}
	r := must(w.StartRelease(t.Context(), root, in))(t)
	view := w.apply(t, must(w.Release(t.Context(), root, r.ID))(t), gate.Hold, gate.MinDuration)
	w.pass(time.Hour)
	if _, err := w.PromoteRelease(t.Context(), root, r.ID, "hurry"); code(err) != "calendar_closed" {
		t.Errorf("promoted by hand: %v", err)
	}
	if _, err := w.Apply(t.Context(), control.Engine(), w.decided(view, gate.Promote, gate.AllPass)); code(err) != "calendar_closed" {
		t.Errorf("promoted by the gate: %v", err)
	}
	must(w.RollbackRelease(t.Context(), root, r.ID, "any time"))(t)
	in.Build = "b3"
	if _, err := w.StartRelease(t.Context(), root, in); code(err) != "calendar_closed" {
		t.Errorf("started: %v", err)
	}
}
