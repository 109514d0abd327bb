package policy

import (
	"fmt"
	"reflect"
	"slices"
)

// Input is one change of one resource, on its way into the log, in the words
// of the log. It is allowed by its actor's roles already: a policy takes away,
// and never gives.
type Input struct {
	Actor      Actor
	Action     string // the type of the event: rule.update, flag.env.enable
	Permission string // the right by which it was allowed: rule.write
	Project    string // "" where it belongs to none
	Env        Environment
	Effect     Effect // on exposure, in the environments that it reaches
}

// Actor is who acts. Kind is human, service, agent or system.
type Actor struct {
	Kind, ID   string
	OnBehalfOf string // the person, by id, for whom an agent acts

	// Tier is an agent's where the change counts; "" leaves it to its rights.
	// Demoted is whether it has lost all of it but what reduces exposure.
	Tier    Tier
	Demoted bool
}

// Environment is where a change counts. Class is prod or nonprod; a change that
// counts in all of them is prod, and one that counts in none has none.
type Environment struct{ Name, Class string }

// The classes of environment.
const (
	Production    = "prod"
	NonProduction = "nonprod"
)

// Outcome is what is decided of a change. The zero Outcome is none of them.
type Outcome string

// The outcomes.
const (
	Allow   Outcome = "allow"
	Deny    Outcome = "deny"
	Require Outcome = "require" // somebody must approve it first
)

// Decision is an outcome and the rule it came from: an invariant by its id, a
// rule of the policy by its name, or "default" where none spoke.
type Decision struct {
	Outcome  Outcome
	Rule     string
	Why      string        // for people: why not, or what is required
	Requires []Requirement // of Require: each must be met
}

// Requirement is what a rule asks for before a change is made: the approval of
// so many people. From narrows who counts, to the members of a group
// (group:NAME) or the holders of a role (role:NAME); empty for all who may
// approve.
type Requirement struct {
	Rule      string
	Approvals int
	From      string
}

// String says it for people.
func (r Requirement) String() string {
	if r.From == "" {
		return fmt.Sprintf("needs %d approval(s)", r.Approvals)
	}
	return fmt.Sprintf("needs %d approval(s) from %s", r.Approvals, r.From)
}

// stops are the actions that reduce exposure by what they are: switching a flag
// off, halting or taking back a release, and stopping an agent.
var stops = []string{"flag.env.disable", "release.milestone.rollback", "release.pause", "release.freeze", "agent.kill"}

// Reduces reports whether the change reduces exposure.
func (in *Input) Reduces() bool { return in.Effect == Reduces || slices.Contains(stops, in.Action) }

// increases reports whether it increases exposure, or may.
func (in *Input) increases() bool {
	return in.Effect != Same && !in.Reduces()
}

// Decide decides on a change: by the invariants, then by the rules that deny,
// those that require an approval, of which all that hold count, and those that
// allow. What none of them speaks about is denied, and so is a change on which a
// condition cannot be evaluated. An agent's tier takes away from what they allow.
// A nil Policy has no rules and allows what the rest does.
func (p *Policy) Decide(in Input) Decision {
	if d, ok := invariant(in); ok {
		return d
	}
	d := p.rule(in)
	if held, ok := ladder(in); ok && (d.Outcome == Allow || held.Outcome == Deny) {
		return held
	}
	if held, ok := raises(in); ok && d.Outcome == Allow {
		return held
	}
	return d
}

// rule decides by the rules.
func (p *Policy) rule(in Input) Decision {
	if p == nil {
		return Decision{Outcome: Allow}
	}
	variables := in.variables()
	for _, outcome := range []Outcome{Deny, Require, Allow} {
		var required Decision
		for i := range p.rules {
			r := &p.rules[i]
			if r.outcome != outcome {
				continue
			}
			holds, err := r.when.Holds(variables)
			if err != nil {
				return Decision{Outcome: Deny, Rule: r.name, Why: "the condition cannot be evaluated: " + err.Error()}
			}
			switch {
			case holds && outcome == Require:
				required = required.and(r.requires)
			case holds:
				return r.decision()
			}
		}
		if required.Outcome == Require {
			return required
		}
	}
	return Decision{Outcome: Deny, Rule: "default", Why: "no rule allows it"}
}

// and adds a requirement.
func (d Decision) and(r Requirement) Decision {
	if d.Outcome == "" {
		d = Decision{Outcome: Require, Rule: r.Rule, Why: r.String()}
	} else {
		d.Why += ", and by rule " + r.Rule + " " + r.String()
	}
	d.Requires = append(d.Requires, r)
	return d
}

// Settled decides on a change whose Effect and class of environment are not
// known, where they do not matter: ok is false where they do. It saves the
// work of finding them out.
func (p *Policy) Settled(in Input) (d Decision, ok bool) {
	for i, class := range []string{"", NonProduction, Production} {
		for j, effect := range []Effect{Same, Increases, Reduces} {
			in.Env.Class, in.Effect = class, effect
			one := p.Decide(in)
			if i+j == 0 {
				d = one
			}
			if one.Outcome != d.Outcome || effect != Reduces && !reflect.DeepEqual(one, d) {
				return Decision{}, false
			}
		}
	}
	return d, true
}

// variables are the names that conditions know.
func (in *Input) variables() map[string]any {
	return map[string]any{
		"action": in.Action, "perm": in.Permission, "project": in.Project,
		"actor": map[string]string{
			"kind": in.Actor.Kind, "id": in.Actor.ID, "on_behalf_of": in.Actor.OnBehalfOf, "tier": string(in.Actor.Tier),
		},
		"env":    map[string]string{"name": in.Env.Name, "class": in.Env.Class},
		"change": map[string]bool{"reduces_exposure": in.Reduces(), "increases_exposure": in.increases()},
	}
}
