package control_test

import (
	"fmt"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// drawConfiguration draws a world as files hold it: every kind of document, and
// in each what another needs.
func drawConfiguration(t *rapid.T) control.Configuration {
	text := rapid.StringMatching(`[A-Za-z][A-Za-z ]{0,12}[a-z]`)
	some := func(name string) bool { return rapid.Bool().Draw(t, name) }
	c := control.Configuration{
		TagTypes:      []control.TagType{{Name: "team", Description: text.Draw(t, "tag type"), Color: "#00ff00"}},
		ContextFields: []control.FieldSpec{{Name: "region", Stickiness: some("sticky"), LegalValues: []control.LegalValue{{Value: "eu"}, {Value: "us", Description: text.Draw(t, "value")}}}},
		Environments:  []control.EnvironmentSpec{{Name: "staging", Type: "test", SortOrder: rapid.IntRange(0, 9).Draw(t, "order")}},
		Plans:         []control.PlanSpec{careful(rapid.IntRange(1, 40).Draw(t, "percent"))},
		Segments: []control.SegmentSpec{{Name: "eu staff", Project: "red", Description: text.Draw(t, "segment"), Constraints: []control.ConstraintSpec{
			{ContextName: "region", Operator: "IN", Values: []string{"eu"}, Inverted: some("inverted")},
		}}},
	}
	strategy := func() control.StrategySpec {
		st := control.StrategySpec{Name: "flexibleRollout", Parameters: eval.Parameters{
			"rollout": strconv.Itoa(rapid.IntRange(0, 100).Draw(t, "rollout")), "stickiness": "userId", "groupId": "g",
		}}
		if some("segment") {
			st.Segments = []string{"eu staff"}
		}
		if some("variants") {
			st.Variants = []eval.WeightedVariant{{Name: "a", Weight: 1000, WeightType: "variable", Stickiness: "userId"}}
		}
		return st
	}
	red := control.ProjectSpec{
		Name: "red", Title: text.Draw(t, "title"), Environments: []string{"staging", "production"}, Mode: "protected", DefaultStickiness: "userId",
		LinkTemplates:     []control.LinkTemplate{{Title: "runbook", URLTemplate: "https://runbook.example/{{feature}}"}},
		DefaultStrategies: map[string]control.StrategySpec{"staging": strategy()},
	}
	if some("naming") {
		red.FeatureNaming = &control.Naming{Pattern: "red-[a-z0-9-]+", Example: "red-a"}
	}
	c.Projects = []control.ProjectSpec{red}
	for i := range rapid.IntRange(1, 4).Draw(t, "flags") {
		f := control.FlagSpec{
			Name: fmt.Sprintf("red-%d", i), Project: "red", Type: "experiment", Description: text.Draw(t, "description"),
			Stale: some("stale"), ImpressionData: some("impressions"), Environments: map[string]control.EnvSpec{},
		}
		if some("tags") {
			f.Tags = []control.Tag{{Type: "simple", Value: "x"}, {Type: "team", Value: text.Draw(t, "team")}}
			f.Links = []control.LinkSpec{{URL: "https://ticket.example/1", Title: text.Draw(t, "link")}}
		}
		if i > 0 && some("parent") {
			f.Parents = []eval.Dependency{{Feature: "red-0"}}
		}
		for _, env := range red.Environments {
			if some(env) {
				f.Environments[env] = control.EnvSpec{Enabled: some("on"), Strategies: []control.StrategySpec{strategy()}}
			}
		}
		c.Flags = append(c.Flags, f)
	}
	return c
}

// TestExportRoundTrip applies a drawn configuration to an empty installation,
// what that exports to another, and gets the same from there, with nothing left
// to plan.
func TestExportRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		in := drawConfiguration(rt)
		from, to := newWorld(t), newWorld(t)
		plan, err := from.PlanConfiguration(t.Context(), root, in)
		if err != nil {
			rt.Fatalf("planning: %v", err)
		}
		if _, err := from.ApplyConfiguration(t.Context(), root, in, plan.Digest); err != nil {
			rt.Fatalf("applying: %v", err)
		}
		exported := must(from.Configuration(t.Context(), root, ""))(t)
		must(to.ApplyConfiguration(t.Context(), root, exported, ""))(t)
		if want, got := text(t, exported), text(t, must(to.Configuration(t.Context(), root, ""))(t)); want != got {
			rt.Fatalf("exported\n%s\nand after a round trip\n%s", want, got)
		}
		for name, w := range map[string]*world{"from": from, "to": to} {
			if left := outline(must(w.PlanConfiguration(t.Context(), root, exported))(t)); len(left) > 0 {
				rt.Fatalf("left to do in %s: %v", name, left)
			}
		}
	})
}
