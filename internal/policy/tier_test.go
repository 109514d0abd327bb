package policy_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/policy"
)

// TestLadder is the table of what each tier does by itself: d is denied, r
// requires an approval, and a is allowed, for A0 to A5.
func TestLadder(t *testing.T) {
	t.Parallel()
	const prod, nonprod = policy.Production, policy.NonProduction
	for name, tt := range map[string]struct {
		action string
		class  string
		effect policy.Effect
		want   string
		fallen string // the same, demoted
	}{
		"make a flag":           {"flag.create", "", policy.Same, "ddaaaa", "dddddd"},
		"propose":               {"cr.submit", prod, policy.Same, "ddaaaa", "dddddd"},
		"describe":              {"flag.update", "", policy.Same, "ddraaa", "dddddd"},
		"raise, elsewhere":      {"rule.update", nonprod, policy.Increases, "ddraaa", "dddddd"},
		"reduce, elsewhere":     {"rule.update", nonprod, policy.Reduces, "dddaaa", "dddaaa"},
		"raise in production":   {"rule.update", prod, policy.Increases, "ddrrrr", "dddddd"},
		"rename in production":  {"rule.update", prod, policy.Same, "ddraaa", "dddddd"},
		"switch off":            {"flag.env.disable", prod, policy.Increases, "ddddaa", "ddddaa"},
		"lower in production":   {"rule.update", prod, policy.Reduces, "ddddaa", "ddddaa"},
		"pause":                 {"release.pause", prod, policy.Same, "ddddaa", "ddddaa"},
		"what is not known of":  {"rule.update", prod, "", "ddrrrr", "dddddd"},
		"say who may do what":   {"role.update", "", policy.Same, "dddddd", "dddddd"},
		"approve":               {"cr.approve", "", policy.Same, "dddddd", "dddddd"},
		"lift a kill by itself": {"agent.unkill", "", policy.Same, "dddddd", "dddddd"},
	} {
		for i, tier := range policy.Tiers {
			for _, demoted := range []bool{false, true} {
				in := agent(tt.action, tt.class, tt.effect)
				in.Actor.Tier, in.Actor.Demoted = tier, demoted
				want := tt.want
				if demoted {
					want = tt.fallen
				}
				if got := parsed(t, allowAll).Decide(in); string(got.Outcome[0]) != want[i:i+1] {
					t.Errorf("%s, %s, demoted %v: %+v, want %c", name, tier, demoted, got, want[i])
				}
			}
		}
	}
}

// A tier takes away from what rules allow, and never gives: what is denied
// stays denied, and what requires two approvals does not require one.
func TestLadderTakesAway(t *testing.T) {
	t.Parallel()
	two := "version: 1\nrules: [{name: two, when: 'true', require: {approvals: 2}}]"
	in := agent("rule.update", policy.Production, policy.Increases)
	for _, tier := range policy.Tiers {
		in.Actor.Tier = tier
		if got := parsed(t, denyAll).Decide(in); got.Outcome != policy.Deny {
			t.Errorf("%s: %+v, want no", tier, got)
		}
		got := parsed(t, two).Decide(in)
		if refused := tier == policy.TierOff || tier == policy.TierObserve; refused != (got.Outcome == policy.Deny) ||
			!refused && (len(got.Requires) != 1 || got.Requires[0].Approvals != 2) {
			t.Errorf("%s: %+v, want 2 approvals, or no", tier, got)
		}
	}
	if got := (*policy.Policy)(nil).Decide(agent("rule.update", policy.NonProduction, policy.Increases)); got.Outcome != policy.Allow {
		t.Errorf("without a policy and a tier: %+v", got)
	}
}
