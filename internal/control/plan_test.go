package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

// careful is a plan that begins at a percent.
func careful(percent int) control.PlanSpec {
	return control.PlanSpec{
		"apiVersion": "lockflight/v1", "kind": "ReleasePlan", "metadata": map[string]any{"name": "careful"}, "policy": "service",
		"milestones": []any{map[string]any{"percent": float64(percent)}, map[string]any{"percent": 50.0}, map[string]any{"percent": 100.0}},
	}
}

func aPlan(t *testing.T, w *world) string {
	return must(w.PutPlan(t.Context(), root, "careful", careful(5)))(t).Name
}

func TestPutPlanRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		under string
		edit  func(control.PlanSpec)
		field string
	}{
		"no name":            {"", func(control.PlanSpec) {}, "metadata.name"},
		"another name":       {"hasty", func(control.PlanSpec) {}, "metadata.name"},
		"a built-in's name":  {"service", func(d control.PlanSpec) { d["metadata"] = map[string]any{"name": "service"} }, "metadata.name"},
		"no plan":            {"careful", func(d control.PlanSpec) { d["kind"] = "GatePolicy" }, "kind"},
		"an unknown policy":  {"careful", func(d control.PlanSpec) { d["policy"] = "lenient" }, "policy"},
		"an unknown key":     {"careful", func(d control.PlanSpec) { d["milestone"] = 1 }, "milestone"},
		"a percent above 50": {"careful", func(d control.PlanSpec) { d["milestones"].([]any)[1].(map[string]any)["percent"] = 60.0 }, "milestones[1].percent"},
		"early approvals":    {"careful", func(d control.PlanSpec) { d["milestones"].([]any)[0].(map[string]any)["approvals"] = 1.0 }, "milestones[0].approvals"},
		"no time zone":       {"careful", func(d control.PlanSpec) { d["calendar"] = map[string]any{"time_zone": "Atlantis"} }, "calendar.time_zone"},
	} {
		doc := careful(5)
		tt.edit(doc)
		_, err := w.PutPlan(t.Context(), root, tt.under, doc)
		t.Run(name, func(t *testing.T) { wantErr(t, err, control.Invalid, tt.field) })
	}
	diff(t, "plans", 0, len(must(w.Plans(t.Context(), root))(t)))
}

// TestStartByName starts by a kept plan, which changes and goes afterwards.
func TestStartByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan := must(w.PutPlan(t.Context(), root, "careful", careful(5)))(t)
	in := control.StartRelease{Flag: "blue-flag", Environment: "production", Build: "b2", PlanName: "hasty"}
	_, err := w.StartRelease(t.Context(), root, in)
	wantErr(t, err, control.Invalid, "plan")
	in.PlanName = "careful"
	r := must(w.StartRelease(t.Context(), root, in))(t)
	diff(t, "template", &control.PlanRef{Name: "careful", Rev: 1, SHA256: plan.SHA256}, r.Template)

	next := must(w.PutPlan(t.Context(), root, "careful", careful(1)))(t)
	if next.Rev != 2 || next.SHA256 == plan.SHA256 || next.CreatedAt != plan.CreatedAt {
		t.Errorf("replaced: %+v", next)
	}
	check(t, w.DeletePlan(t.Context(), root, "careful"))
	now := must(w.Release(t.Context(), root, r.ID))(t)
	diff(t, "release", r, now.Release)
	diff(t, "percent", 5, now.Percent())
}
