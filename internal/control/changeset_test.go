package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// files is a segment, and a child that is for that segment in production, with
// its parent after it.
func files() control.Configuration {
	half := control.StrategySpec{Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "50"}, Segments: []string{"staff"}}
	return control.Configuration{
		Segments: []control.SegmentSpec{{Name: "staff", Constraints: []control.ConstraintSpec{
			{ContextName: "userId", Operator: "IN", Values: []string{"ann"}},
		}}},
		Flags: []control.FlagSpec{
			{
				Name: "child", Project: "blue", Parents: []eval.Dependency{{Feature: "parent"}},
				Environments: map[string]control.EnvSpec{"production": {Enabled: true, Strategies: []control.StrategySpec{half}}},
			},
			{Name: "parent", Project: "blue", Type: "kill-switch"},
		},
	}
}

// outline is what a test looks at in a ChangeSet.
func outline(set control.ChangeSet) []string {
	out := []string{}
	for _, c := range set.Changes {
		line := string(c.Kind) + " " + c.Name
		if c.Environment != "" {
			line += " in " + c.Environment
		}
		paths := []string{}
		for _, d := range c.Differences {
			paths = append(paths, d.Path)
		}
		line += " (" + strings.Join(paths, ", ") + ")"
		if c.Drift != nil {
			line += " drift by " + c.Drift.Event
		}
		out = append(out, line)
	}
	return out
}

func TestApplyConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := []string{"segment staff ()", "flag child ()", "flag_env child in production (enabled, strategies)", "flag parent ()"}
	plan := must(w.PlanConfiguration(t.Context(), root, files()))(t)
	diff(t, "plan", want, outline(plan))
	head := w.head(t)
	diff(t, "the plan again", text(t, plan), text(t, must(w.PlanConfiguration(t.Context(), root, files()))(t)))
	diff(t, "the log after planning", head, w.head(t))

	done := must(w.ApplyConfiguration(t.Context(), root, files(), plan.Digest))(t)
	diff(t, "what was done", text(t, plan), text(t, done))
	records := w.since(t, head.Size)
	diff(t, "records", []string{"segment.apply", "flag.apply", "flag.env.apply", "flag.apply"}, types(records))
	w.accounted(t, records)

	served := w.servedFlag(t, control.Ref{Project: "blue", Flag: "child", Environment: "production"})
	diff(t, "strategy as it is served", []eval.Strategy{{
		Name: "flexibleRollout", Constraints: []eval.Constraint{}, Segments: []int{1},
		Parameters: eval.Parameters{"rollout": "50", "stickiness": "default", "groupId": "child"},
	}}, served.Strategies)

	again := must(w.ApplyConfiguration(t.Context(), root, files(), ""))(t)
	diff(t, "the same files again", []string{}, outline(again))
	diff(t, "the log after that", head.Size+4, w.head(t).Size)
}

// TestConfigurationRoundTrip applies what was exported to another installation,
// and exports it from there.
func TestConfigurationRoundTrip(t *testing.T) {
	t.Parallel()
	from, to := edited(t), newWorld(t)
	must(from.ApplyConfiguration(t.Context(), root, files(), ""))(t)
	want := must(from.Configuration(t.Context(), root, ""))(t)
	diff(t, "plan against itself", []string{}, outline(must(from.PlanConfiguration(t.Context(), root, want))(t)))
	must(to.ApplyConfiguration(t.Context(), root, want, ""))(t)
	diff(t, "export", text(t, want), text(t, must(to.Configuration(t.Context(), root, ""))(t)))
	one := must(from.Configuration(t.Context(), root, "default"))(t)
	diff(t, "flags of one project", 1, len(one.Flags))
}

func TestApplyKeepsStrategyIDs(t *testing.T) {
	t.Parallel()
	w := edited(t)
	before := must(w.Flag(t.Context(), root, "blue", "blue-flag"))(t)
	in := must(w.Configuration(t.Context(), root, "blue"))(t)
	production := in.Flags[0].Environments["production"]
	production.Strategies[0].Parameters["rollout"] = "75"
	must(w.ApplyConfiguration(t.Context(), root, in, ""))(t)
	after := must(w.Flag(t.Context(), root, "blue", "blue-flag"))(t)
	diff(t, "id", before.Environments[0].Strategies[0].ID, after.Environments[0].Strategies[0].ID)
	diff(t, "rollout", "75", after.Environments[0].Strategies[0].Parameters["rollout"])
}

func TestDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.ApplyConfiguration(t.Context(), root, files(), ""))(t)
	planned := must(w.PlanConfiguration(t.Context(), root, control.Configuration{}))(t)
	w.pass(time.Minute)
	must(w.SetEnabled(t.Context(), root, control.Ref{Flag: "child", Environment: "production"}, false))(t)
	got := must(w.PlanConfiguration(t.Context(), root, files()))(t)
	diff(t, "plan", []string{"flag_env child in production (enabled) drift by flag.env.disable"}, outline(got))
	diff(t, "drift", control.Drift{Event: "flag.env.disable", By: "tok_test", At: begin.Add(time.Minute)}, *got.Changes[0].Drift)

	_, err := w.ApplyConfiguration(t.Context(), root, files(), planned.Digest)
	wantErr(t, err, control.Conflict, "")
	must(w.SetEnabled(t.Context(), root, control.Ref{Flag: "child", Environment: "production"}, true))(t)
	must(w.SetEnabled(t.Context(), root, control.Ref{Flag: "child", Environment: "production"}, false))(t)
	_, err = w.ApplyConfiguration(t.Context(), root, files(), got.Digest)
	wantErr(t, err, control.Conflict, "") // the same difference, over another revision
}

func TestApplyBesideRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	in := control.Configuration{Flags: []control.FlagSpec{{
		Name: "blue-flag", Project: "blue", Description: "new",
		Environments: map[string]control.EnvSpec{"production": {Enabled: true, Strategies: []control.StrategySpec{{Name: "default"}}}},
	}}}
	plan := must(w.PlanConfiguration(t.Context(), root, in))(t)
	diff(t, "release that stands against it", r.ID, plan.Changes[len(plan.Changes)-1].Release)
	head := w.head(t)
	_, err := w.ApplyConfiguration(t.Context(), root, in, "")
	wantErr(t, err, control.Conflict, "")
	diff(t, "the log", head, w.head(t))
}

// TestApplySegmentBesideRelease changes whom a running release is for.
func TestApplySegmentBesideRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.ApplyConfiguration(t.Context(), root, files(), ""))(t)
	in := starting()
	in.Flag = "child"
	r := must(w.StartRelease(t.Context(), root, in))(t)
	same := must(w.PlanConfiguration(t.Context(), root, files()))(t)
	diff(t, "plan of the same", []string{}, outline(same))
	wider := files()
	wider.Segments[0].Constraints[0].Values = []string{"ann", "bob"}
	plan := must(w.PlanConfiguration(t.Context(), root, wider))(t)
	diff(t, "release that stands against it", r.ID, plan.Changes[0].Release)
	_, err := w.ApplyConfiguration(t.Context(), root, wider, plan.Digest)
	wantErr(t, err, control.Conflict, "")
}

func TestConfigurationErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	strategy := func(c *control.Configuration) *control.StrategySpec {
		return &c.Flags[0].Environments["production"].Strategies[0]
	}
	for _, test := range []struct {
		name, field string
		spoil       func(c *control.Configuration)
	}{
		{"segment without name", "segments[0].name", func(c *control.Configuration) { c.Segments[0].Name = "" }},
		{"segment twice", "segments[1].name", func(c *control.Configuration) { c.Segments = append(c.Segments, c.Segments[0]) }},
		{"project of a segment", "segments[0].project", func(c *control.Configuration) { c.Segments[0].Project = "red" }},
		{"operator", "segments[0].constraints[0].operator", func(c *control.Configuration) { c.Segments[0].Constraints[0].Operator = "IS" }},
		{"flag name", "flags[0].name", func(c *control.Configuration) { c.Flags[0].Name = "a b" }},
		{"flag twice", "flags[2].name", func(c *control.Configuration) { c.Flags = append(c.Flags, c.Flags[1]) }},
		{"flag type", "flags[1].type", func(c *control.Configuration) { c.Flags[1].Type = "big" }},
		{"project", "flags[1].project", func(c *control.Configuration) { c.Flags[1].Project = "red" }},
		{"another project", "flags[2].project", func(c *control.Configuration) {
			c.Flags = append(c.Flags, control.FlagSpec{Name: "blue-flag"})
		}},
		{"parent", "flags[0].parents[0].feature", func(c *control.Configuration) { c.Flags[0].Parents[0].Feature = "none" }},
		{"parent twice", "flags[0].parents[1].feature", func(c *control.Configuration) {
			c.Flags[0].Parents = append(c.Flags[0].Parents, c.Flags[0].Parents[0])
		}},
		{"parent of a parent", "flags[0].parents[0].feature", func(c *control.Configuration) {
			c.Flags[1].Parents = []eval.Dependency{{Feature: "blue-flag"}}
		}},
		{"environment", "flags[0].environments.moon", func(c *control.Configuration) {
			c.Flags[0].Environments["moon"] = control.EnvSpec{}
		}},
		{"strategy", "flags[0].environments.production.strategies[0].name", func(c *control.Configuration) { strategy(c).Name = "half" }},
		{"rollout", "flags[0].environments.production.strategies[0].parameters.rollout", func(c *control.Configuration) {
			strategy(c).Parameters["rollout"] = "101"
		}},
		{"segment of a strategy", "flags[0].environments.production.strategies[0].segments[0]", func(c *control.Configuration) {
			strategy(c).Segments[0] = "none"
		}},
		{"on for nobody", "flags[0].environments.production.strategies", func(c *control.Configuration) { strategy(c).Disabled = true }},
		{"variants", "flags[0].environments.production.variants[0].weight", func(c *control.Configuration) {
			env := c.Flags[0].Environments["production"]
			env.Variants = []eval.WeightedVariant{{Name: "red", Weight: 2000}}
			c.Flags[0].Environments["production"] = env
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := files()
			test.spoil(&in)
			_, err := w.PlanConfiguration(t.Context(), root, in)
			wantErr(t, err, control.Invalid, test.field)
		})
	}
}

func TestApplyConfigurationDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	perms := []control.Permission{
		control.PermRead, control.PermSegmentWrite, control.PermFlagCreate, control.PermRuleWrite, control.PermToggleOn,
	}
	for i, missing := range perms {
		some := slices.Delete(slices.Clone(perms), i, i+1)
		head := w.head(t)
		_, err := w.ApplyConfiguration(t.Context(), may(control.Scope{}, some...), files(), "")
		t.Log("without", missing)
		wantErr(t, err, control.Denied, string(missing))
		diff(t, "the log", head, w.head(t))
	}
	must(w.ApplyConfiguration(t.Context(), may(control.Scope{}, perms...), files(), ""))(t)
}
