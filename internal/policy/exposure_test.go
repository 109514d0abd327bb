package policy_test

import (
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/policy"
	"github.com/lockflight/lockflight/sdk/eval"
)

func rollout(percent string, constraints ...eval.Constraint) eval.Strategy {
	return eval.Strategy{
		Name: "flexibleRollout", Constraints: constraints,
		Parameters: eval.Parameters{"rollout": percent, "stickiness": "userId", "groupId": "f"},
	}
}

func users(ids ...string) eval.Constraint {
	return eval.Constraint{ContextName: "userId", Operator: "IN", Values: ids}
}

func but(ids ...string) eval.Constraint {
	return eval.Constraint{ContextName: "userId", Operator: "NOT_IN", Values: ids}
}

func on(strategies ...eval.Strategy) eval.Flag {
	return eval.Flag{Name: "f", Enabled: true, Strategies: strategies}
}

func with(f eval.Flag, edit func(*eval.Flag)) eval.Flag {
	edit(&f)
	return f
}

// What people and agents do in an incident is shown to reduce; and what raises
// exposure is told with a reason.
func TestExposure(t *testing.T) {
	t.Parallel()
	release := rollout("10")
	release.Parameters = eval.Parameters{"rollout": "10", "stickiness": "userId", "groupId": "rel-1", "release": "rel-1"}
	parent := func(enabled bool) func(*eval.Flag) {
		return func(f *eval.Flag) { f.Dependencies = []eval.Dependency{{Feature: "parent", Enabled: &enabled}} }
	}
	half := []eval.WeightedVariant{{Name: "x", Weight: 500}, {Name: "y", Weight: 500}}
	off := with(on(rollout("100")), func(f *eval.Flag) { f.Enabled = false })
	for name, tt := range map[string]struct {
		before, after eval.Flag
		want          policy.Effect
		why           string
	}{
		"switched off":            {on(rollout("100")), off, policy.Reduces, ""},
		"switched on":             {off, on(rollout("100")), policy.Increases, "was off"},
		"lower percentage":        {on(rollout("50")), on(rollout("20")), policy.Reduces, ""},
		"higher percentage":       {on(rollout("20")), on(rollout("50")), policy.Increases, "strategy 0 (flexibleRollout) may match"},
		"fewer users":             {on(rollout("100", users("a", "b"))), on(rollout("100", users("a"))), policy.Reduces, ""},
		"more users":              {on(rollout("100", users("a"))), on(rollout("100", users("a", "b"))), policy.Increases, "may match"},
		"more excluded":           {on(rollout("100", but("a"))), on(rollout("100", but("a", "b"))), policy.Reduces, ""},
		"fewer excluded":          {on(rollout("100", but("a", "b"))), on(rollout("100", but("a"))), policy.Increases, "may match"},
		"one more constraint":     {on(rollout("100")), on(rollout("100", users("a"))), policy.Reduces, ""},
		"a strategy less":         {on(rollout("10"), rollout("100", users("a"))), on(rollout("10")), policy.Reduces, ""},
		"no strategy left":        {on(rollout("10")), on(), policy.Increases, "everybody"},
		"strategies swapped":      {on(rollout("10"), rollout("20")), on(rollout("20"), rollout("10")), policy.Same, ""},
		"a release rolled back":   {on(release, rollout("100", users("a"))), on(rollout("100", users("a"))), policy.Reduces, ""},
		"a release begun":         {on(rollout("100")), on(release, rollout("100")), policy.Increases, "a release began"},
		"a rollout salted anew":   {on(rollout("50")), on(release), policy.Increases, "a release began"},
		"other variants":          {on(rollout("50")), with(on(rollout("50")), func(f *eval.Flag) { f.Variants = half }), policy.Increases, "variants"},
		"description":             {on(rollout("50")), with(on(rollout("50")), func(f *eval.Flag) { f.Description = "x" }), policy.Same, ""},
		"a parent asked for":      {on(rollout("50")), with(on(rollout("50")), parent(true)), policy.Reduces, ""},
		"a parent no longer":      {with(on(rollout("50")), parent(true)), on(rollout("50")), policy.Increases, `depends on "parent" no longer`},
		"a parent asked for less": {with(on(rollout("50")), parent(true)), with(on(rollout("50")), parent(false)), policy.Increases, "parent"},
		"no longer served":        {on(rollout("50")), eval.Flag{Name: "another"}, policy.Reduces, ""},
	} {
		before, after := eval.Snapshot{Features: []eval.Flag{tt.before}}, eval.Snapshot{Features: []eval.Flag{tt.after}}
		got, why := policy.Exposure(before, after, "f")
		if got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s: %s, %q; want %s, %q", name, got, why, tt.want, tt.why)
		}
	}
}

// A parent's change counts for the child, in the other direction where the
// child wants the parent off; so does a segment's.
func TestExposureOfOthers(t *testing.T) {
	t.Parallel()
	wide := eval.Flag{Name: "parent", Enabled: true, Strategies: []eval.Strategy{rollout("50")}}
	narrow := eval.Flag{Name: "parent", Enabled: true, Strategies: []eval.Strategy{rollout("10")}}
	for _, tt := range []struct {
		needsOn       bool
		before, after eval.Flag
		want          policy.Effect
	}{
		{true, wide, narrow, policy.Reduces},
		{true, narrow, wide, policy.Increases},
		{false, wide, narrow, policy.Increases},
		{false, narrow, wide, policy.Reduces},
	} {
		child := with(on(rollout("100")), func(f *eval.Flag) {
			f.Dependencies = []eval.Dependency{{Feature: "parent", Enabled: &tt.needsOn}}
		})
		before := eval.Snapshot{Features: []eval.Flag{child, tt.before}}
		after := eval.Snapshot{Features: []eval.Flag{child, tt.after}}
		if got, why := policy.Exposure(before, after, "f"); got != tt.want {
			t.Errorf("needs on %v, %v: %s, %q; want %s", tt.needsOn, tt.after.Strategies, got, why, tt.want)
		}
	}

	inSegment := rollout("100")
	inSegment.Segments = []int{1}
	world := func(ids ...string) eval.Snapshot {
		return eval.Snapshot{
			Features: []eval.Flag{on(inSegment)},
			Segments: []eval.Segment{{ID: 1, Constraints: []eval.Constraint{users(ids...)}}},
		}
	}
	if got, _ := policy.Exposure(world("a", "b"), world("a"), "f"); got != policy.Reduces {
		t.Errorf("a segment of fewer: %s, want reduces", got)
	}
	if got, _ := policy.Exposure(world("a"), world("a", "b"), "f"); got != policy.Increases {
		t.Errorf("a segment of more: %s, want increases", got)
	}
}
