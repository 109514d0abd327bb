package policy

import (
	"slices"
	"strings"
)

// governing are the classes of action that decide who may do what, or what of
// it is kept: no agent touches them, whatever it was granted.
var governing = []string{
	"token", "role", "binding", "group", "user", "account", "member", "session", "sso", "policy", "retention", "agent", "audit", "edge",
}

// invariant decides what no policy can change. I1, I4 and I5 are decided here;
// the others hold by how the rest is made: the log has no way to change a
// record (I3), nobody grants what they do not hold (I6), a policy is asked in
// the transaction that writes (I8), in which a killed agent writes nothing
// (I9), and I2 and I7 are about approvals, of which there are none yet.
func invariant(in Input) (Decision, bool) {
	class, _, _ := strings.Cut(in.Action, ".")
	switch {
	case in.Action == "cr.approve" && in.Actor.Kind != "human":
		return Decision{Outcome: Deny, Rule: "I1", Why: "only a person approves"}, true
	case in.Actor.Kind == "agent" && slices.Contains(governing, class):
		return Decision{Outcome: Deny, Rule: "I4", Why: "no agent changes who may do what"}, true
	case in.Reduces():
		if d, ok := ladder(in); ok {
			return d, true
		}
		return Decision{Outcome: Allow, Rule: "I5", Why: "reducing exposure waits for nothing"}, true
	case in.Actor.Kind == "system":
		return Decision{Outcome: Allow, Rule: "system", Why: "it carries out what was allowed before"}, true
	}
	return Decision{}, false
}
