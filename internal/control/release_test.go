package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestStartRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	want := control.Release{
		ID: r.ID, Project: "blue", Flag: "blue-flag", Environment: "production", Build: "b2", Control: "b1",
		Plan: plan(), Stickiness: "userId", Joinable: true, State: control.Running,
		Progress: gate.NewProgress(begin), StartedBy: "tok_test", StartedAt: begin,
		ChangedAt: begin, ServedFrom: w.head(t).Size,
	}
	diff(t, "release", control.ReleaseView{Release: want, Rev: 1}, r)
	diff(t, "served", eval.Flag{
		Name: "blue-flag", Type: "release", Enabled: true, Project: "blue", Variants: []eval.WeightedVariant{},
		Strategies: []eval.Strategy{{
			Name: "flexibleRollout", Constraints: []eval.Constraint{},
			Parameters: eval.Parameters{"rollout": "10", "stickiness": "userId", "groupId": r.ID, "release": r.ID, "build": "b2"},
		}},
	}, w.servedFlag(t, production))
	diff(t, "by environment", map[string]string{"production": r.ID}, must(w.Flag(t.Context(), root, "", "blue-flag"))(t).Releases)
}

func TestStartReleaseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	noGate := plan()
	noGate.Milestones = noGate.Milestones[2:]
	for name, tc := range map[string]struct {
		change func(*control.StartRelease)
		kind   control.Kind
		field  string
	}{
		"no flag":             {func(x *control.StartRelease) { x.Flag = "" }, control.Invalid, "flag"},
		"no environment":      {func(x *control.StartRelease) { x.Environment = "" }, control.Invalid, "environment"},
		"no build":            {func(x *control.StartRelease) { x.Build = "" }, control.Invalid, "build"},
		"a long build":        {func(x *control.StartRelease) { x.Build = strings.Repeat("b", 257) }, control.Invalid, "build"},
		"a long control":      {func(x *control.StartRelease) { x.Control = strings.Repeat("b", 257) }, control.Invalid, "control"},
		"its own control":     {func(x *control.StartRelease) { x.Control = x.Build }, control.Invalid, "control"},
		"stickiness default":  {func(x *control.StartRelease) { x.Stickiness = "default" }, control.Invalid, "stickiness"},
		"stickiness random":   {func(x *control.StartRelease) { x.Stickiness = "random" }, control.Invalid, "stickiness"},
		"no plan":             {func(x *control.StartRelease) { x.Plan = gate.Plan{} }, control.Invalid, "plan.policy.apiVersion"},
		"nothing to compare":  {func(x *control.StartRelease) { x.Plan = noGate }, control.Invalid, "plan.milestones"},
		"approvals":           {func(x *control.StartRelease) { x.Plan.Milestones[0].Approvals = 1 }, control.Invalid, "plan.milestones[0].approvals"},
		"time zone":           {func(x *control.StartRelease) { x.Plan.Calendar = &gate.Calendar{TimeZone: "Mars/Olympus"} }, control.Invalid, "plan.calendar.time_zone"},
		"zone of the machine": {func(x *control.StartRelease) { x.Plan.Calendar = &gate.Calendar{TimeZone: "Local"} }, control.Invalid, "plan.calendar.time_zone"},
		"no such flag":        {func(x *control.StartRelease) { x.Flag = "none" }, control.NotFound, "flag"},
		"another environment": {func(x *control.StartRelease) { x.Environment = "development" }, control.Invalid, "environment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := starting()
			tc.change(&in)
			_, err := w.StartRelease(t.Context(), root, in)
			wantErr(t, err, tc.kind, tc.field)
		})
	}
}

// code returns an error's code.
func code(err error) string {
	var e *control.Error
	if err == nil || !asError(err, &e) {
		return ""
	}
	return e.Code
}

// TestStartReleaseBesides starts a release beside what the flag serves already.
func TestStartReleaseBesides(t *testing.T) {
	t.Parallel()
	everyone := control.Strategy{Strategy: eval.Strategy{Name: "default"}}
	german := eval.Constraint{ContextName: "country", Operator: "IN", Values: []string{"DE"}}
	germans := control.Strategy{Strategy: eval.Strategy{Name: "default", Constraints: []eval.Constraint{german}}}
	off := everyone
	off.Disabled = true
	some := control.Strategy{Strategy: eval.Strategy{Name: "userWithId", Parameters: eval.Parameters{"userIds": "a"}}}
	for name, tc := range map[string]struct {
		strategies []control.Strategy
		off        bool
		refused    bool
		joinable   bool
		conditions []eval.Constraint
	}{
		"off, nothing configured":     {nil, true, false, true, nil},
		"off, a rollout":              {[]control.Strategy{rollout("100")}, true, false, true, nil},
		"off, with conditions":        {[]control.Strategy{germans}, true, false, false, germans.Constraints},
		"on by default":               {nil, false, true, false, nil},
		"on for everyone":             {[]control.Strategy{some, everyone}, false, true, false, nil},
		"on by a full rollout":        {[]control.Strategy{rollout("100")}, false, true, false, nil},
		"on for all whom it is for":   {[]control.Strategy{germans}, false, true, false, nil},
		"on for some":                 {[]control.Strategy{some}, false, false, false, nil},
		"on for some, one not served": {[]control.Strategy{off, some}, false, false, false, nil},
		"on for some and for others":  {[]control.Strategy{some, germans}, false, false, false, nil},
		"on for a part":               {[]control.Strategy{rollout("50")}, false, false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, st := range tc.strategies {
				must(w.AddStrategy(t.Context(), root, production, st))(t)
			}
			must(w.SetEnabled(t.Context(), root, production, !tc.off))(t)
			r, err := w.StartRelease(t.Context(), root, starting())
			if tc.refused {
				if code(err) != "already_on" {
					t.Errorf("started beside what is on for everyone: %v", err)
				}
				return
			}
			check(t, err)
			diff(t, "joinable", tc.joinable, r.Joinable)
			if len(r.Constraints) > 0 || len(tc.conditions) > 0 {
				diff(t, "conditions", tc.conditions, r.Constraints)
			}
			if f := w.servedFlag(t, production); f.Strategies[0].Parameters["release"] != r.ID || tc.off && len(f.Strategies) != 1 {
				t.Errorf("served: %s", text(t, f))
			}
		})
	}
}

// TestRunningReleaseLocks refuses what must not happen beside it.
func TestRunningReleaseLocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := aStrategy(t, w)
	w.started(t)
	st := rollout("30")
	st.ID = id
	for name, do := range map[string]func() error{
		"on":     func() error { _, err := w.SetEnabled(t.Context(), root, production, true); return err },
		"add":    func() error { _, err := w.AddStrategy(t.Context(), root, production, st); return err },
		"update": func() error { _, err := w.UpdateStrategy(t.Context(), root, production, st); return err },
		"delete": func() error { return w.DeleteStrategy(t.Context(), root, production, id) },
		"start": func() error {
			in := starting()
			in.Build = "b3"
			_, err := w.StartRelease(t.Context(), root, in)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := do(); code(err) != "release_running" || control.KindOf(err) != control.Conflict {
				t.Errorf("beside a running release: %v", err)
			}
		})
	}
}

// TestLatch refuses the build that was rolled back, here, and notes since when
// the flag cools down.
func TestLatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, w.started(t), gate.Rollback, "P5_SEVERE:evidence_coverage")
	_, err := w.StartRelease(t.Context(), root, starting())
	if code(err) != "build_latched" {
		t.Errorf("the same build again: %v", err)
	}
	w.pass(time.Minute)
	in := starting()
	in.Build = "b3"
	next := must(w.StartRelease(t.Context(), root, in))(t)
	if next.CooldownFrom == nil || !next.CooldownFrom.Equal(begin) {
		t.Errorf("cools down from %v, want %v", next.CooldownFrom, begin)
	}
	in = starting()
	in.Flag = "green-flag"
	other := must(w.StartRelease(t.Context(), root, in))(t)
	if other.CooldownFrom != nil {
		t.Error("another flag cools down")
	}
}

func TestArm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	seen := map[string]int{}
	for i := range 1000 {
		unit := "u" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		arm, ok := r.Arm(unit)
		if want := eval.ArmOf(r.ID, unit, 10); arm != want || ok != (want != eval.Rest) {
			t.Fatalf("unit %s is in %s (%v), want %s", unit, arm, ok, want)
		}
		seen[arm]++
	}
	if len(seen) != 3 {
		t.Errorf("arms %v, want all three", seen)
	}
	closed := w.apply(t, r, gate.Rollback, gate.OperatorKilled)
	for name, r := range map[string]control.Release{
		"closed":   closed.Release,
		"joinable": {ID: r.ID, Plan: r.Plan},
	} {
		if arm, ok := r.Arm("u"); ok {
			t.Errorf("%s: in %s", name, arm)
		}
	}
}

func TestReleasesAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.apply(t, w.started(t), gate.Rollback, gate.OperatorKilled)
	w.pass(time.Second)
	in := starting()
	in.Build = "b3"
	second := must(w.StartRelease(t.Context(), root, in))(t)
	ids := func(open bool) (out []string) {
		for _, r := range must(w.Releases(t.Context(), root, open))(t) {
			out = append(out, r.ID)
		}
		return out
	}
	diff(t, "all, the newest first", []string{second.ID, first.ID}, ids(false))
	diff(t, "open", []string{second.ID}, ids(true))
	_, err := w.Release(t.Context(), root, "rel-none")
	wantErr(t, err, control.NotFound, "release")
}
