package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/policy"
)

func parsed(t *testing.T, document string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("p.yaml", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	denyAll  = "version: 1\nrules: [{name: no, when: 'true', deny: true}]"
	allowAll = "version: 1\nrules: [{name: yes, when: 'true', allow: true}]"
)

func agent(action, class string, effect policy.Effect) policy.Input {
	return policy.Input{
		Actor: policy.Actor{Kind: "agent", ID: "ag_1", OnBehalfOf: "u_1"}, Action: action,
		Env: policy.Environment{Name: class, Class: class}, Effect: effect,
	}
}

func TestDefault(t *testing.T) {
	t.Parallel()
	p, err := policy.Default()
	if err != nil {
		t.Fatal(err)
	}
	person := agent("rule.update", policy.Production, policy.Increases)
	person.Actor = policy.Actor{Kind: "human", ID: "u_1"}
	for _, tt := range []struct {
		in   policy.Input
		want policy.Decision
	}{
		{agent("rule.update", policy.NonProduction, policy.Increases), policy.Decision{Outcome: policy.Allow, Rule: "agents-act-outside-production"}},
		{agent("flag.create", "", policy.Same), policy.Decision{Outcome: policy.Allow, Rule: "agents-act-outside-production"}},
		{agent("rule.update", policy.Production, policy.Increases), policy.Decision{
			Outcome: policy.Require, Rule: "agents-propose-in-production", Why: "needs 1 approval(s)",
			Requires: []policy.Requirement{{Rule: "agents-propose-in-production", Approvals: 1}},
		}},
		{person, policy.Decision{Outcome: policy.Allow, Rule: "people-and-machines"}},
	} {
		if diff := cmp.Diff(tt.want, p.Decide(tt.in)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.in, diff)
		}
		got, ok := p.Settled(tt.in)
		if wantOK := tt.in.Actor.Kind == "human"; ok != wantOK || ok && !cmp.Equal(got, tt.want) {
			t.Errorf("%+v: settled %+v, %v", tt.in, got, ok)
		}
	}
}

// Deny comes before require, and require before allow, wherever they stand;
// what no rule speaks about is denied, and so is what cannot be evaluated.
func TestOrder(t *testing.T) {
	t.Parallel()
	p := parsed(t, `version: 1
rules:
- {name: allow, when: 'perm != "d"', allow: true}
- {name: require, when: 'perm in ["b", "c"]', require: {approvals: 2}}
- {name: deny, when: perm == "c", deny: true}
`)
	for perm, want := range map[string]string{"a": "allow", "b": "require", "c": "deny", "d": "default"} {
		in := agent("rule.update", policy.NonProduction, policy.Increases)
		in.Permission = perm
		if got := p.Decide(in); got.Rule != want {
			t.Errorf("%s: %+v, want %s", perm, got, want)
		}
	}
	p = parsed(t, "version: 1\nrules:\n- {name: bad, when: 'actor[perm] == \"\"', allow: true}\n- {name: yes, when: 'true', allow: true}")
	if got := p.Decide(agent("rule.update", "", policy.Same)); got.Outcome != policy.Deny || got.Rule != "bad" {
		t.Errorf("what cannot be evaluated: %+v", got)
	}
}

// All that is required counts, not only what the first rule asks for.
func TestRequirements(t *testing.T) {
	t.Parallel()
	p := parsed(t, `version: 1
rules:
- {name: one, when: 'true', require: {approvals: 1}}
- {name: two, when: actor.kind == "agent", require: {approvals: 2, from: "group:release managers"}}
- {name: yes, when: 'true', allow: true}
`)
	want := policy.Decision{
		Outcome: policy.Require, Rule: "one", Why: "needs 1 approval(s), and by rule two needs 2 approval(s) from group:release managers",
		Requires: []policy.Requirement{{Rule: "one", Approvals: 1}, {Rule: "two", Approvals: 2, From: "group:release managers"}},
	}
	if diff := cmp.Diff(want, p.Decide(agent("rule.update", policy.Production, policy.Increases))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestI1OnlyPeopleApprove(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"agent", "service", "edge", "sdk", "system", ""} {
		in := policy.Input{Actor: policy.Actor{Kind: kind}, Action: "cr.approve", Effect: policy.Same}
		if got := parsed(t, allowAll).Decide(in); got.Outcome != policy.Deny || got.Rule != "I1" {
			t.Errorf("%s approves: %+v", kind, got)
		}
	}
}

func TestI4AgentsDoNotGovern(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"token.create", "role.update", "binding.add", "policy.activate", "sso.config.update", "user.create", "group.update", "agent.kill"} {
		if got := parsed(t, allowAll).Decide(agent(action, "", policy.Same)); got.Outcome != policy.Deny || got.Rule != "I4" {
			t.Errorf("an agent does %s: %+v", action, got)
		}
	}
}

func TestI5ReducingNeverWaits(t *testing.T) {
	t.Parallel()
	for _, in := range []policy.Input{
		agent("rule.update", policy.Production, policy.Reduces),
		agent("flag.env.disable", policy.Production, policy.Increases), // of a child that wants it off
		agent("release.milestone.rollback", policy.Production, policy.Increases),
		agent("release.pause", policy.Production, policy.Same),
	} {
		if got := parsed(t, denyAll).Decide(in); got.Outcome != policy.Allow || got.Rule != "I5" {
			t.Errorf("%+v: %+v", in, got)
		}
	}
	for _, effect := range []policy.Effect{"", policy.Same, policy.Increases} {
		if got := parsed(t, denyAll).Decide(agent("rule.update", policy.Production, effect)); got.Outcome != policy.Deny {
			t.Errorf("%q is taken for reducing: %+v", effect, got)
		}
	}
}

// What is wrong is said with its place in the file, all of it at once.
func TestParseFaults(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		"":                        "p.yaml:1:1: ",
		"version: 2\nrules: []":   "p.yaml:1:1: want version: 1",
		"version: 1":              "p.yaml:1:1: want rules, a list",
		"version: 1\nrule: []":    `p.yaml:2:1: there is no "rule" here`,
		"version: 1\nrules: [{}]": "p.yaml:2:9: want a name",
		"version: 1\nrules:\n- {name: a, when: 'actor.kinds == \"x\"', allow: true}":                  `p.yaml:3:19: rule "a": actor has no "kinds"`,
		"version: 1\nrules:\n- name: a\n  when: 1 + 1\n  allow: true":                                 `p.yaml:4:9: rule "a": want true or false`,
		"version: 1\nrules:\n- name: a\n  when: 'true'\n  allow: maybe":                               "p.yaml:5:10: want allow: true",
		"version: 1\nrules:\n- name: a\n  when: 'true'":                                               `p.yaml:3:3: rule "a" has no outcome`,
		"version: 1\nrules:\n- name: a\n  when: 'true'\n  deny: true\n  allow: true":                  `p.yaml:6:10: rule "a" has two outcomes`,
		"version: 1\nrules:\n- name: a\n  when: 'true'\n  require: {approvals: 11}":                   `p.yaml:5:24: approvals: "11"`,
		"version: 1\nrules:\n- {name: a, when: 'true', deny: true}\n- {name: a, when: x, deny: true}": `p.yaml:4:10: a rule "a" is there already`,
		"version: 1\nrules:\n- name: a\n  when: 'true'\n  require: {approvals: 1, from: admins}":      `p.yaml:5:33: from: "admins" is not group:NAME or role:NAME`,
		"a: [": "p.yaml:",
	} {
		if _, err := policy.Parse("p.yaml", []byte(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", document, err, want)
		}
	}
}
