package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// inStages is plan in development, and then in production.
func inStages() gate.Plan {
	whole := plan()
	way := gate.Plan{APIVersion: whole.APIVersion, Kind: whole.Kind, Metadata: gate.Metadata{Name: "through"}, Policy: whole.Policy}
	for _, env := range []string{"development", "production"} {
		way.Stages = append(way.Stages, gate.Stage{Environment: env, Policy: whole.Policy, Milestones: whole.Milestones})
	}
	return way
}

// TestStages goes on in the next environment, once, by the starter's rights.
func TestStages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signedIn(t, w.person(t, "owner", control.RoleAdmin))
	in := control.StartRelease{Flag: "green-flag", Build: "b2", Control: "b1", Plan: inStages()}
	r := must(w.StartRelease(t.Context(), p, in))(t)
	diff(t, "environment", "development", r.Environment)
	view := must(w.Release(t.Context(), root, r.ID))(t)
	for range 2 {
		view = w.apply(t, view, gate.Promote, gate.AllPass)
	}
	diff(t, "state", control.Completed, view.State)
	next := must(w.Release(t.Context(), root, view.Next))(t)
	if next.State != control.Scheduled || next.Environment != "production" || next.After != r.ID || next.StartedBy != p.ID || next.Build != "b2" {
		t.Errorf("follows %+v", next.Release)
	}
	from := w.head(t).Size
	begun := must(w.BeginRelease(t.Context(), control.Engine(), next.ID, next.Rev))(t)
	diff(t, "state", control.Running, begun.State)
	diff(t, "percent", 10, begun.Percent())
	diff(t, "records", []string{"release.milestone.enter"}, types(w.since(t, from)))
	diff(t, "by", p.ID, w.since(t, from)[0].Actor.ID)
	for range 2 {
		begun = w.apply(t, begun, gate.Promote, gate.AllPass)
	}
	diff(t, "state", control.Completed, begun.State)
	diff(t, "goes on", "", begun.Next)
	diff(t, "releases", 2, len(must(w.Releases(t.Context(), root, false))(t)))
}

// TestStagesEnd lets nothing begin after a rollback.
func TestStagesEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signedIn(t, w.person(t, "owner", control.RoleAdmin))
	r := must(w.StartRelease(t.Context(), p, control.StartRelease{Flag: "green-flag", Build: "b2", Plan: inStages()}))(t)
	must(w.RollbackRelease(t.Context(), root, r.ID, "bad"))(t)
	diff(t, "open", 0, len(must(w.Releases(t.Context(), root, true))(t)))
}

func TestStagesRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	devOnly := may(control.Scope{Environment: "development"}, control.PermRead, control.PermReleaseStart)
	for name, tt := range map[string]struct {
		change func(*control.StartRelease)
		p      control.Principal
		kind   control.Kind
		field  string
	}{
		"another environment": {func(in *control.StartRelease) { in.Environment = "production" }, root, control.Invalid, "environment"},
		"one not served":      {func(in *control.StartRelease) { in.Plan.Stages[1].Environment = "staging" }, root, control.Invalid, "plan.stages[1].environment"},
		"one twice":           {func(in *control.StartRelease) { in.Plan.Stages[1].Environment = "development" }, root, control.Invalid, "plan.stages[1].environment"},
		"a faulty milestone":  {func(in *control.StartRelease) { in.Plan.Stages[1].Milestones = nil }, root, control.Invalid, "plan.stages[1].milestones"},
		"milestones too":      {func(in *control.StartRelease) { in.Plan.Milestones = plan().Milestones }, root, control.Invalid, "plan.milestones"},
		"no right in one":     {func(*control.StartRelease) {}, devOnly, control.Denied, string(control.PermReleaseStart)},
	} {
		in := control.StartRelease{Flag: "green-flag", Build: "b2", Plan: inStages()}
		tt.change(&in)
		_, err := w.StartRelease(t.Context(), tt.p, in)
		t.Run(name, func(t *testing.T) { wantErr(t, err, tt.kind, tt.field) })
	}
}
