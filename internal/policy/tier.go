package policy

import "slices"

// Tier is a rung of the ladder of autonomy: what an agent does in one place
// without anybody else, of what its roles allow. No rung lets it approve,
// overrule a verdict, or change who may do what.
type Tier string

// The tiers, each of which may do what those before it may.
const (
	TierOff      Tier = "A0" // nothing
	TierObserve  Tier = "A1" // read
	TierPropose  Tier = "A2" // propose changes, and make flags, which begin switched off
	TierBuild    Tier = "A3" // act outside production
	TierRetreat  Tier = "A4" // reduce exposure in production
	TierProgress Tier = "A5" // let plans that people have approved go on where the gate says so
)

// Tiers are all of them, the lowest first.
var Tiers = []Tier{TierOff, TierObserve, TierPropose, TierBuild, TierRetreat, TierProgress}

// Rank is the place of a tier among Tiers, from 0; -1 where it is none.
func (t Tier) Rank() int { return slices.Index(Tiers, t) }

// atLeast reports whether a tier may do what another may.
func (t Tier) atLeast(other Tier) bool { return t.Rank() >= other.Rank() }

// proposals are the actions of an agent that proposes. A flag that is made is
// off everywhere.
var proposals = []string{"cr.create", "cr.update", "cr.submit", "cr.comment", "cr.withdraw", "cr.rebase", "flag.create"}

// ladder decides what the tier of an agent allows: ok is false where it leaves
// the decision to others. A demotion takes from an agent all but what it may
// take back: that was never what it did wrong.
func ladder(in Input) (d Decision, ok bool) {
	tier := in.Actor.Tier
	needed := TierBuild
	switch {
	case in.Actor.Kind != "agent" || tier == "":
		return Decision{}, false
	case slices.Contains(proposals, in.Action):
		needed = TierPropose
	case in.Env.Class == Production && in.Reduces():
		needed = TierRetreat
	}
	deny := Decision{Outcome: Deny, Rule: string(tier)}
	switch {
	case !tier.atLeast(TierPropose):
		deny.Why = "an agent of this tier changes nothing here"
	case in.Actor.Demoted && !in.Reduces():
		deny.Rule, deny.Why = string(TierObserve), "the agent was demoted, and may only reduce exposure until a person gives it a tier again"
	case tier.atLeast(needed):
		return Decision{}, false
	case in.Reduces():
		deny.Why = "an agent of this tier does not act here: reducing exposure here takes " + string(needed)
	default:
		return Decision{Outcome: Require, Rule: string(tier), Why: "an agent of this tier proposes here: needs 1 approval(s)", Requires: onePerson(tier)}, true
	}
	return deny, true
}

// raises is what holds of an agent of any tier, whatever the rules allow:
// exposure in production grows by a person's word alone.
func raises(in Input) (Decision, bool) {
	if in.Actor.Kind != "agent" || in.Actor.Tier == "" || in.Env.Class != Production || !in.increases() {
		return Decision{}, false
	}
	return Decision{
		Outcome: Require, Rule: string(in.Actor.Tier), Requires: onePerson(in.Actor.Tier),
		Why: "no agent raises exposure in production by itself: needs 1 approval(s)",
	}, true
}

// onePerson is what a tier asks for before an agent's change is made.
func onePerson(tier Tier) []Requirement { return []Requirement{{Rule: string(tier), Approvals: 1}} }
