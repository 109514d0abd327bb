package policy_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/policy"
	"github.com/lockflight/lockflight/sdk/eval"
)

// The pools are small, so that what is drawn for one configuration is often
// drawn for the other, and matches a context.
var (
	genValue    = rapid.SampledFrom([]string{"", "u", "v", "w", "1", "2", "10.0.0.1", "10.0.0.0/8", "("})
	genValues   = rapid.SliceOfN(genValue, 0, 3)
	genField    = rapid.SampledFrom([]string{"userId", "sessionId", "p"})
	genPercent  = rapid.SampledFrom([]string{"0", "20", "50", "50.5", "100", "5.", ".5", "101", "1e1", "x"})
	genSticky   = rapid.SampledFrom([]string{"default", "random", "userId", "p"})
	genOperator = rapid.SampledFrom([]string{
		"IN", "IN", "NOT_IN", "NOT_IN", "STR_STARTS_WITH", "STR_CONTAINS", "IN_CIDR", "NUM_GT", "REGEX", "NOPE",
	})
	genStrategyName = rapid.SampledFrom([]string{
		"default", "flexibleRollout", "flexibleRollout", "gradualRolloutUserId", "gradualRolloutRandom",
		"userWithId", "remoteAddress", "custom",
	})
	genConstraint = rapid.Custom(func(t *rapid.T) eval.Constraint {
		return eval.Constraint{
			ContextName: genField.Draw(t, "field"), Operator: genOperator.Draw(t, "operator"),
			Values: genValues.Draw(t, "values"), Value: genValue.Draw(t, "value"),
			Inverted: rapid.Bool().Draw(t, "inverted"), CaseInsensitive: rapid.Bool().Draw(t, "fold"),
		}
	})
	genConstraints = rapid.SliceOfN(genConstraint, 0, 2)
	genVariant     = rapid.Custom(func(t *rapid.T) eval.WeightedVariant {
		return eval.WeightedVariant{
			Name:   rapid.SampledFrom([]string{"x", "y"}).Draw(t, "variant"),
			Weight: rapid.SampledFrom([]int{0, 500, 1000}).Draw(t, "weight"),
			Overrides: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eval.Override {
				return eval.Override{ContextName: genField.Draw(t, "field"), Values: genValues.Draw(t, "values")}
			}), 0, 1).Draw(t, "overrides"),
		}
	})
	genVariants = rapid.OneOf(rapid.Just[[]eval.WeightedVariant](nil), rapid.SliceOfN(genVariant, 0, 2))
	genStrategy = rapid.Custom(func(t *rapid.T) eval.Strategy {
		percent := genPercent.Draw(t, "percent")
		st := eval.Strategy{
			Name: genStrategyName.Draw(t, "strategy"), Constraints: genConstraints.Draw(t, "constraints"),
			Segments: rapid.SliceOfN(rapid.IntRange(1, 3), 0, 1).Draw(t, "segments"), Variants: genVariants.Draw(t, "variants"),
			Parameters: eval.Parameters{
				"rollout": percent, "percentage": percent, "stickiness": genSticky.Draw(t, "stickiness"),
				"groupId": rapid.SampledFrom([]string{"g", "h"}).Draw(t, "group"),
				"userIds": rapid.SampledFrom([]string{"", "u", "u, v"}).Draw(t, "userIds"), "IPs": "10.0.0.0/8",
			},
		}
		if release := rapid.SampledFrom([]string{"", "", "r", "s"}).Draw(t, "release"); release != "" {
			st.Parameters["release"] = release
		}
		return st
	})
	genDependency = rapid.Custom(func(t *rapid.T) eval.Dependency {
		on := rapid.Bool().Draw(t, "on")
		return eval.Dependency{
			Feature: rapid.SampledFrom([]string{"a", "b", "gone"}).Draw(t, "parent"), Enabled: &on,
			Variants: rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y"}), 0, 2).Draw(t, "parent's variants"),
		}
	})
	genSegment = rapid.Custom(func(t *rapid.T) eval.Segment {
		return eval.Segment{ID: rapid.IntRange(1, 2).Draw(t, "id"), Constraints: genConstraints.Draw(t, "constraints")}
	})
	genContext = rapid.Custom(func(t *rapid.T) *eval.Context {
		return &eval.Context{
			UserID: genValue.Draw(t, "userId"), SessionID: genValue.Draw(t, "sessionId"), RemoteAddress: genValue.Draw(t, "address"),
			Properties: rapid.MapOfN(rapid.Just("p"), genValue, 0, 1).Draw(t, "properties"),
		}
	})
)

// genWorld draws a flag f, which may depend on a and b.
func genWorld(t *rapid.T) eval.Snapshot {
	var s eval.Snapshot
	for _, name := range []string{"f", "a", "b"} {
		f := eval.Flag{
			Name: name, Enabled: rapid.IntRange(0, 4).Draw(t, "enabled") > 0,
			Strategies: rapid.SliceOfN(genStrategy, 0, 3).Draw(t, "strategies"), Variants: genVariants.Draw(t, "flag's variants"),
		}
		if most := map[string]int{"f": 2}[name]; rapid.Bool().Draw(t, "dependent") {
			f.Dependencies = rapid.SliceOfN(genDependency, 0, most).Draw(t, "dependencies")
		}
		s.Features = append(s.Features, f)
	}
	s.Segments = rapid.SliceOfN(genSegment, 0, 3).Draw(t, "segments")
	return s
}

// edited returns a copy with one thing of one flag, or of the segments, other.
func edited(t *rapid.T, s eval.Snapshot) eval.Snapshot {
	s.Features, s.Segments = slices.Clone(s.Features), slices.Clone(s.Segments)
	at := max(rapid.IntRange(-3, len(s.Features)-1).Draw(t, "flag"), 0)
	f := &s.Features[at]
	f.Strategies, f.Dependencies = slices.Clone(f.Strategies), slices.Clone(f.Dependencies)
	switch rapid.IntRange(0, 12).Draw(t, "edit") {
	case 0:
		f.Enabled = !f.Enabled
	case 1:
		f.Strategies = append(f.Strategies, genStrategy.Draw(t, "new"))
	case 2:
		f.Variants = genVariants.Draw(t, "new")
	case 3:
		f.Dependencies = append(f.Dependencies, genDependency.Draw(t, "new"))
	case 4:
		if len(f.Dependencies) > 0 {
			f.Dependencies = f.Dependencies[1:]
		}
	case 5:
		s.Segments = append(s.Segments, genSegment.Draw(t, "new"))
	case 6:
		if len(s.Segments) > 0 {
			s.Segments = s.Segments[1:]
		}
	case 7:
		if at > 0 {
			s.Features = slices.Delete(s.Features, at, at+1)
		}
	default:
		if len(f.Strategies) > 0 {
			editStrategy(t, f)
		}
	}
	return s
}

func editStrategy(t *rapid.T, f *eval.Flag) {
	i := rapid.IntRange(0, len(f.Strategies)-1).Draw(t, "i")
	st := &f.Strategies[i]
	parameters := maps.Clone(st.Parameters)
	st.Parameters = parameters
	switch rapid.IntRange(0, 10).Draw(t, "edit of a strategy") {
	case 0:
		f.Strategies = slices.Delete(f.Strategies, i, i+1)
	case 1:
		st.Constraints = append(slices.Clip(st.Constraints), genConstraint.Draw(t, "new"))
	case 2:
		if len(st.Constraints) > 0 {
			st.Constraints = st.Constraints[1:]
		}
	case 3:
		key := map[bool]string{true: "rollout", false: "percentage"}[st.Name == "flexibleRollout"] // the one that it reads
		parameters[key] = genPercent.Draw(t, "percent")
	case 4:
		parameters["userIds"] = rapid.SampledFrom([]string{"", "u", "v", "u, v"}).Draw(t, "userIds")
	case 5, 7, 8, 9, 10:
		if len(st.Constraints) > 0 {
			st.Constraints = slices.Clone(st.Constraints)
			i := rapid.IntRange(0, len(st.Constraints)-1).Draw(t, "constraint")
			st.Constraints[i].Values = genValues.Draw(t, "values")
		}
	case 6:
		st.Variants = genVariants.Draw(t, "variants")
	}
}

// Whenever a change is said not to increase exposure, the engine finds nobody
// who gets what they did not get before.
func TestExposureAgreesWithTheEngine(t *testing.T) {
	said := map[policy.Effect]int{}
	rapid.Check(t, func(t *rapid.T) {
		before := genWorld(t)
		after := before
		for range rapid.IntRange(0, 2).Draw(t, "edits") {
			after = edited(t, after)
		}
		effect, why := policy.Exposure(before, after, "f")
		said[effect]++
		if (effect == policy.Increases) != (why != "") {
			t.Fatalf("%s, because %q", effect, why)
		}
		if effect == policy.Increases {
			return
		}
		chance := rapid.SampledFrom([]uint32{0, 1, 15, 49, 50, 99, 400, 999}).Draw(t, "chance")
		options := eval.Options{Rand: func(n uint32) uint32 { return chance % n }}
		was, _ := options.Compile(before)
		is, _ := options.Compile(after)
		for _, c := range rapid.SliceOfN(genContext, 4, 16).Draw(t, "contexts") {
			compare(t, effect, was, is, c)
		}
		for i := range 20 {
			compare(t, effect, was, is, &eval.Context{UserID: strconv.Itoa(i), Properties: map[string]string{"p": "u"}})
		}
	})
	if testing.Short() {
		return // rapid draws too few to meet all
	}
	if said[policy.Reduces] == 0 || said[policy.Same] == 0 || said[policy.Increases] == 0 {
		t.Errorf("not every effect was met: %v", said)
	}
}

func compare(t *rapid.T, effect policy.Effect, was, is *eval.Set, c *eval.Context) {
	before, after := was.Variant("f", c), is.Variant("f", c)
	if after.FeatureEnabled && (!before.FeatureEnabled || before.Name != after.Name) {
		t.Fatalf("%s, but %+v: %+v became %+v", effect, *c, before, after)
	}
	if effect == policy.Same && before.FeatureEnabled != after.FeatureEnabled {
		t.Fatalf("same, but %+v: %+v became %+v", *c, before, after)
	}
	from, _ := was.Assign("f", c)
	to, _ := is.Assign("f", c)
	if to.Arm == eval.Treatment && (from.Arm != eval.Treatment || from.Release != to.Release) {
		t.Fatalf("%s, but %+v: %+v became %+v", effect, *c, from, to)
	}
}
