package policy_test

import (
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/policy"
)

func TestTable(t *testing.T) {
	t.Parallel()
	p, err := policy.Default()
	if err != nil {
		t.Fatal(err)
	}
	table, err := policy.ParseTable("t.yaml", []byte(`cases:
- name: right
  given: {actor: {kind: agent}, action: rule.update, env: {class: prod}, effect: increases}
  want: {outcome: require, rule: agents-propose-in-production, approvals: 1}
- name: wrong outcome
  given: {actor: {kind: human}, action: rule.update, env: {class: prod}}
  want: {outcome: deny}
- name: wrong number
  given: {actor: {kind: agent}, action: rule.update, env: {class: prod}}
  want: {outcome: require, approvals: 2}
`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "allow by rule people-and-machines", "1 approval(s), want 2"} {
		c := table.Cases[i]
		if got := c.Fault(c.Decide(p)); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", c.Name, got, want)
		}
	}
	for document, want := range map[string]string{
		"":            "cases: want one",
		"case: []":    "case",
		"cases: [{}]": "cases[0].name",
		"cases: [{name: a, given: {actor: {kind: human}}}]":                                      "given: want an action",
		"cases: [{name: a, given: {actor: {kind: human}, action: b, effect: c}}]":                "given.effect",
		"cases: [{name: a, given: {actor: {kind: human}, action: b, env: {class: production}}}]": "given.env.class",
		"cases: [{name: a, given: {actor: {kind: human}, action: b}, want: {outcome: maybe}}]":   "want.outcome",
	} {
		if _, err := policy.ParseTable("t.yaml", []byte(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", document, err, want)
		}
	}
}
