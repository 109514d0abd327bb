package policy

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Case is one decision that a policy is expected to make, as a table of them
// holds it in YAML.
type Case struct {
	Name  string `yaml:"name"`
	Given struct {
		Actor struct {
			Kind       string `yaml:"kind"`
			ID         string `yaml:"id"`
			OnBehalfOf string `yaml:"on_behalf_of"`
			Tier       Tier   `yaml:"tier"` // of an agent; its rights alone count where empty
		} `yaml:"actor"`
		Action     string `yaml:"action"`
		Permission string `yaml:"perm"`
		Project    string `yaml:"project"`
		Env        struct {
			Name  string `yaml:"name"`
			Class string `yaml:"class"`
		} `yaml:"env"`
		Effect Effect `yaml:"effect"`
	} `yaml:"given"`
	Want struct {
		Outcome   Outcome `yaml:"outcome"`
		Rule      string  `yaml:"rule"`      // any where empty
		Approvals int     `yaml:"approvals"` // of all that is required; any where 0
	} `yaml:"want"`
}

// Table is the expected decisions of a policy.
type Table struct {
	Policy string `yaml:"policy"` // file of the policy, beside the table; the default where empty
	Cases  []Case `yaml:"cases"`
}

// ParseTable reads a table:
//
//	policy: access.yaml
//	cases:
//	- name: an agent widens production
//	  given: {actor: {kind: agent}, action: rule.update, env: {class: prod}, effect: increases}
//	  want: {outcome: require, rule: agents-propose-in-production, approvals: 1}
func ParseTable(name string, document []byte) (Table, error) {
	var t Table
	if len(bytes.TrimSpace(document)) > 0 {
		if err := yaml.Load(document, &t, yaml.WithKnownFields()); err != nil {
			return t, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(t.Cases) == 0 {
		return t, fmt.Errorf("%s: cases: want one or more", name)
	}
	for i, c := range t.Cases {
		switch {
		case c.Name == "":
			return t, fmt.Errorf("%s: cases[%d].name: must not be empty", name, i)
		case c.Given.Action == "" || c.Given.Actor.Kind == "":
			return t, fmt.Errorf("%s: %s: given: want an action and actor.kind", name, c.Name)
		case c.Given.Actor.Tier != "" && c.Given.Actor.Tier.Rank() < 0:
			return t, fmt.Errorf("%s: %s: given.actor.tier: %q is not one of %v", name, c.Name, c.Given.Actor.Tier, Tiers)
		case c.Given.Effect != "" && c.Given.Effect != Reduces && c.Given.Effect != Same && c.Given.Effect != Increases:
			return t, fmt.Errorf("%s: %s: given.effect: %q is not reduces, same or increases", name, c.Name, c.Given.Effect)
		case c.Given.Env.Class != "" && c.Given.Env.Class != Production && c.Given.Env.Class != NonProduction:
			return t, fmt.Errorf("%s: %s: given.env.class: %q is not prod or nonprod", name, c.Name, c.Given.Env.Class)
		case c.Want.Outcome != Allow && c.Want.Outcome != Deny && c.Want.Outcome != Require:
			return t, fmt.Errorf("%s: %s: want.outcome: %q is not allow, deny or require", name, c.Name, c.Want.Outcome)
		}
	}
	return t, nil
}

// Decide decides on what the case gives. An effect that is not given increases.
func (c Case) Decide(p *Policy) Decision {
	g := c.Given
	return p.Decide(Input{
		Actor: Actor{Kind: g.Actor.Kind, ID: g.Actor.ID, OnBehalfOf: g.Actor.OnBehalfOf, Tier: g.Actor.Tier}, Action: g.Action, Permission: g.Permission,
		Project: g.Project, Env: Environment{g.Env.Name, g.Env.Class}, Effect: g.Effect,
	})
}

// Fault says how a decision differs from what the case wants, "" where it does
// not.
func (c Case) Fault(d Decision) string {
	if c.Want.Outcome != d.Outcome || c.Want.Rule != "" && c.Want.Rule != d.Rule {
		return fmt.Sprintf("%s by rule %s (%s), want %s %s", d.Outcome, d.Rule, d.Why, c.Want.Outcome, c.Want.Rule)
	}
	most := 0
	for _, r := range d.Requires {
		most = max(most, r.Approvals)
	}
	if c.Want.Approvals != 0 && c.Want.Approvals != most {
		return fmt.Sprintf("%d approval(s), want %d", most, c.Want.Approvals)
	}
	return ""
}
