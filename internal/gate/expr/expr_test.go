package expr

import (
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/gate"
)

// policy returns agent-default with one rule.
func policy(text string) gate.Policy {
	p := gate.DefaultPolicy()
	p.Rules = []gate.Rule{{Name: "both", Expr: text, OnFail: gate.OnFailRollback}}
	return p
}

var statuses = []gate.SignalStatus{
	{Name: "safety_pass_rate", Status: gate.Pass, N: 500, NControl: 480, Estimate: new(0.99), Lower: new(0.97), Diff: new(-0.01)},
	{Name: "evidence_coverage", Status: gate.Few, N: 20, Estimate: new(0.9)},
}

func TestRules(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`signals.safety_pass_rate.lower > 0.95 && signals.safety_pass_rate.n >= 100`:                                  true,
		`signals.safety_pass_rate.diff * 2.0 > -0.01`:                                                                 false,
		`signals.evidence_coverage.status in ["PASS", "FEW"]`:                                                         true,
		`has(signals.evidence_coverage.lower)`:                                                                        false,
		`signals.all(name, signals[name].n > 10)`:                                                                     true,
		`signals.evidence_coverage.n > 0.5`:                                                                           true,
		`signals.safety_pass_rate.estimate > 0.98 || signals.evidence_coverage.lower > 0.8`:                           true,
		`signals["safety_pass_rate"].n_control - signals["safety_pass_rate"].n < 0 && true`:                           true,
		`signals.safety_pass_rate.estimate + signals.evidence_coverage.estimate - 1.0 > 0.8 ? true : 1.0 / 2.0 > 1.0`: true,
	} {
		rules, err := Compile(policy(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := rules["both"](statuses); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

// What cannot be evaluated is an error, never false: the gate holds.
func TestRuleErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`signals.evidence_coverage.lower > 0.8`:      "no such key",
		`signals["another"].n > 1`:                   "no such key",
		`1 / (signals.safety_pass_rate.n - 500) > 1`: "division by zero",
		`signals.all(a, signals.all(b, signals.all(c, signals.all(d, signals.all(e, signals.all(f, signals.all(g, signals.all(h, signals.all(i, signals.all(j, signals.all(k, signals.all(l, signals.all(m, signals[a].n + signals[m].n > 0)))))))))))))`: "cost limit",
	} {
		rules, err := Compile(policy(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, err := rules["both"](statuses); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestCompileFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`signals.safety_pass_rate.n >`:       "Syntax error",
		`signals.safety_pass_rate.n + 1`:     "want true or false",
		`signals.safety.n > 1`:               `no signal "safety"; the policy has safety_pass_rate,`,
		`signals.safety_pass_rate.mean > 1`:  `no field "mean"; a signal has status,`,
		`has(signals.safety_pass_rate.mean)`: `no field "mean"`,
		`flags.x`:                            "undeclared reference to 'flags'",
		`"a" > 1`:                            "no matching overload",
	} {
		if _, err := Compile(policy(text)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "rules[0].expr: both: ") {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
	if rules, err := Compile(gate.DefaultPolicy()); err != nil || len(rules) != 0 {
		t.Errorf("without rules: %v, %v", rules, err)
	}
}

// Through the gate: a rule that is false rolls back where it says so, and one
// that fails holds.
func TestRulesDecide(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`signals.evidence_coverage.estimate < 0.5`: "P6_RULE:both",
		`signals.evidence_coverage.lower < 0.5`:    "P7_EVIDENCE_MISSING:safety_pass_rate", // which comes before P7_RULE_UNKNOWN
	} {
		p := policy(text)
		rules, err := Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		n, k := gate.Count(500), gate.Count(450)
		arm := &gate.Arm{N: &n, K: &k}
		s := gate.Snapshot{
			Exposures: gate.Exposures{Treatment: n, Control: n},
			Signals:   map[string]gate.Measure{"evidence_coverage": {Treatment: arm, Control: arm}},
		}
		if strings.Contains(want, "MISSING") {
			s.Signals = nil
		}
		if d := rules.Decide(p, s, gate.State{}); d.Reason != want {
			t.Errorf("%s: %s %v, want %s", text, d.Reason, d.Also, want)
		}
	}
}
