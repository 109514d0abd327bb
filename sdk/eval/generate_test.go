package eval_test

import (
	"fmt"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

// The generators draw from small pools, so that what they make often refers
// to, or matches, something else that they made.

var (
	genFlagName = rapid.SampledFrom([]string{"a", "b", "c", "d", "ü"})
	genField    = rapid.SampledFrom([]string{"userId", "sessionId", "appName", "remoteAddress", "environment", "currentTime", "p", "q"})
	genValue    = rapid.SampledFrom([]string{
		"", "u", "v", "U", "1", "1.5", "-3e2", "1.2.3", "1.2.4-rc.1", "2026-11-22T10:00:00Z", "2022-01-01T00:00:00+01:00",
		"10.0.0.1", "10.0.0.0/8", "2001:db8::1", "^u", "(", "web-1",
	})
	genOperator = rapid.SampledFrom([]string{
		"IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS", "NUM_EQ", "NUM_GT", "NUM_GTE", "NUM_LT", "NUM_LTE",
		"DATE_AFTER", "DATE_BEFORE", "SEMVER_EQ", "SEMVER_GT", "SEMVER_GTE", "SEMVER_LT", "SEMVER_LTE", "REGEX", "IN_CIDR", "NOPE",
	})
	genStrategyName = rapid.SampledFrom([]string{
		"default", "userWithId", "flexibleRollout", "flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId",
		"gradualRolloutRandom", "remoteAddress", "applicationHostname", "custom",
	})
	genStickiness = rapid.SampledFrom([]string{"", "default", "random", "userId", "sessionId", "p"})
)

func genConstraint(t *rapid.T) eval.Constraint {
	return eval.Constraint{
		ContextName:     genField.Draw(t, "field"),
		Operator:        genOperator.Draw(t, "operator"),
		Values:          rapid.SliceOfN(genValue, 0, 9).Draw(t, "values"),
		Value:           genValue.Draw(t, "value"),
		CaseInsensitive: rapid.Bool().Draw(t, "caseInsensitive"),
		Inverted:        rapid.Bool().Draw(t, "inverted"),
	}
}

func genVariant(t *rapid.T) eval.WeightedVariant {
	return eval.WeightedVariant{
		Name:       rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "variant"),
		Weight:     rapid.IntRange(-1, 1000).Draw(t, "weight"),
		Stickiness: genStickiness.Draw(t, "stickiness"),
		Overrides: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eval.Override {
			return eval.Override{ContextName: genField.Draw(t, "field"), Values: rapid.SliceOfN(genValue, 0, 3).Draw(t, "values")}
		}), 0, 2).Draw(t, "overrides"),
	}
}

func genStrategy(t *rapid.T) eval.Strategy {
	percent := strconv.Itoa(rapid.IntRange(-1, 101).Draw(t, "percent"))
	st := eval.Strategy{
		Name:        genStrategyName.Draw(t, "strategy"),
		Constraints: rapid.SliceOfN(rapid.Custom(genConstraint), 0, 2).Draw(t, "constraints"),
		Segments:    rapid.SliceOfN(rapid.IntRange(1, 4), 0, 2).Draw(t, "segments"),
		Variants:    rapid.SliceOfN(rapid.Custom(genVariant), 0, 3).Draw(t, "variants"),
		Parameters: eval.Parameters{
			"rollout": percent, "percentage": percent, "stickiness": genStickiness.Draw(t, "stickiness"), "groupId": "g",
			"userIds": "u, v", "IPs": "10.0.0.0/8", "hostNames": "web-1",
		},
	}
	if rapid.Bool().Draw(t, "release") {
		st.Parameters["release"] = "rel"
	}
	if rapid.Bool().Draw(t, "no group") {
		delete(st.Parameters, "groupId")
	}
	return st
}

func genFlag(t *rapid.T) eval.Flag {
	return eval.Flag{
		Name:       genFlagName.Draw(t, "name"),
		Enabled:    rapid.IntRange(0, 9).Draw(t, "enabled") > 0,
		Strategies: rapid.SliceOfN(rapid.Custom(genStrategy), 0, 3).Draw(t, "strategies"),
		Variants:   rapid.SliceOfN(rapid.Custom(genVariant), 0, 3).Draw(t, "flag variants"),
		Dependencies: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eval.Dependency {
			on := rapid.Bool().Draw(t, "on")
			return eval.Dependency{Feature: genFlagName.Draw(t, "parent"), Enabled: &on, Variants: rapid.SliceOfN(rapid.Just("x"), 0, 1).Draw(t, "variants")}
		}), 0, 1).Draw(t, "dependencies"),
	}
}

func genSegment(t *rapid.T) eval.Segment {
	return eval.Segment{
		ID:          rapid.IntRange(1, 3).Draw(t, "id"),
		Constraints: rapid.SliceOfN(rapid.Custom(genConstraint), 0, 2).Draw(t, "constraints"),
	}
}

func genSnapshot(t *rapid.T) eval.Snapshot {
	return eval.Snapshot{
		Version:  2,
		Features: rapid.SliceOfN(rapid.Custom(genFlag), 0, 5).Draw(t, "features"),
		Segments: rapid.SliceOfN(rapid.Custom(genSegment), 0, 4).Draw(t, "segments"),
	}
}

func genContext(t *rapid.T) *eval.Context {
	c := &eval.Context{
		UserID: genValue.Draw(t, "userId"), SessionID: genValue.Draw(t, "sessionId"), RemoteAddress: genValue.Draw(t, "remoteAddress"),
		Environment: genValue.Draw(t, "environment"), AppName: genValue.Draw(t, "appName"),
		Properties: rapid.MapOfN(rapid.SampledFrom([]string{"p", "q"}), genValue, 0, 2).Draw(t, "properties"),
	}
	if rapid.Bool().Draw(t, "has time") {
		c.CurrentTime = at.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "hours")) * time.Hour)
	}
	return c
}

// genEvent draws an event; its hydrations are rare, as in life.
func genEvent(t *rapid.T) eval.Event {
	switch rapid.IntRange(0, 8).Draw(t, "type") {
	case 0:
		s := genSnapshot(t)
		return eval.Event{Type: eval.Hydration, Features: s.Features, Segments: s.Segments}
	case 1, 2:
		return eval.Event{Type: eval.FeatureRemoved, FeatureName: genFlagName.Draw(t, "removed")}
	case 3:
		return eval.Event{Type: eval.SegmentRemoved, SegmentID: rapid.IntRange(1, 3).Draw(t, "removed")}
	case 4, 5:
		s := genSegment(t)
		return eval.Event{Type: eval.SegmentUpdated, Segment: &s}
	default:
		f := genFlag(t)
		return eval.Event{Type: eval.FeatureUpdated, Feature: &f}
	}
}

// answers evaluates the flags a to d and ü in every way there is.
func answers(set *eval.Set, c *eval.Context) []string {
	var out []string
	for _, name := range []string{"a", "b", "c", "d", "ü"} {
		on, known := set.Bool(name, c)
		assignment, assigned := set.Assign(name, c)
		out = append(out, fmt.Sprintf("%s: %v %v %+v %+v %v", name, on, known, set.Variant(name, c), assignment, assigned))
	}
	return out
}
