package gate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProfilesAreValid(t *testing.T) {
	t.Parallel()
	for _, name := range Profiles() {
		p, ok := Profile(name)
		if !ok || p.Metadata.Name != name {
			t.Errorf("%s: is named %q, %v", name, p.Metadata.Name, ok)
		}
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePolicy(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("%s: through JSON (-before +after)\n%s", name, diff)
		}
	}
	if _, ok := Profile("nobody"); ok {
		t.Error("a policy nobody made")
	}
}

func TestParsePolicyFillsDefaults(t *testing.T) {
	t.Parallel()
	p, err := ParsePolicy([]byte(`{
		"metadata": {"name": "two"},
		"signals": [
			{"name": "evidence_coverage", "weight": 0.5, "relative": {"ni_margin": 0.1}},
			{"name": "tool_success", "weight": 0.5, "promote": 0.9, "rollback": 0.7}
		],
		"hold": {"timeout": "1h30m"},
		"build_gate": {"min_cases_per_class": {"persona": 1}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultPolicy()
	want.Metadata = Metadata{Name: "two"}
	evidence := want.Signals[1]
	evidence.Weight, evidence.Relative.NIMargin = 0.5, 0.1
	want.Signals = []Signal{evidence, {
		Name: "tool_success", Kind: Bernoulli, Direction: "higher", Weight: 0.5, Promote: 0.9, Rollback: 0.7,
		Tolerance: 0.05, MinN: 50, Required: true, Relative: Relative{RollbackMargin: 0.1, NIMargin: 0.05, RequireNI: FinalStep},
	}}
	want.HoldRule.Timeout = Duration(90 * time.Minute)
	want.BuildGate.MinCasesPerClass["persona"] = 1
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParsePolicyFaults(t *testing.T) {
	t.Parallel()
	for over, want := range map[string]string{
		`{"alpha.rollback": 0}`:                        "alpha.rollback",
		`{"alpha.promote": 0.5}`:                       "alpha.promote",
		`{"alpha.schedule": "weekly"}`:                 "alpha.schedule",
		`{"alpha.beta": 1}`:                            "alpha.beta: unknown key",
		`{"signal": []}`:                               "signal: unknown key",
		`{"signals": []}`:                              "signals: want at least one",
		`{"signals.0.weight": 0.45}`:                   "signals: weights sum to 1.1",
		`{"signals.0.weight": "much"}`:                 `signals[0].weight: want a number, have "much"`,
		`{"signals.evidence_coverage.rollback": 0.8}`:  "signals[1].rollback",
		`{"signals.1.tolerance": 0.25}`:                "signals[1].tolerance",
		`{"signals.1.min_n": 2.5}`:                     "signals[1].min_n: want a whole number",
		`{"signals.4.rollback": 15000}`:                "signals[4].rollback",
		`{"signals.4.tolerance": 0.95}`:                "signals[4].tolerance",
		`{"signals.4.tolerance": 0}`:                   "signals[4].tolerance",
		`{"signals.4.direction": "higher"}`:            "signals[4].direction",
		`{"signals.2.name": "safety_pass_rate"}`:       "signals[2].name",
		`{"signals.2.kind": "mean"}`:                   "signals[2].kind",
		`{"signals.2.relative.require_ni": "often"}`:   "signals[2].relative.require_ni",
		`{"evidence.min_duration": "24h"}`:             "hold.timeout: must be longer than evidence.min_duration",
		`{"evidence.min_duration": 3600}`:              "evidence.min_duration: want a duration",
		`{"evidence.max_age": "soon"}`:                 "evidence.max_age: want a duration",
		`{"hold.on_timeout": "ship"}`:                  "hold.on_timeout",
		`{"comparison.estimator": "guess"}`:            "comparison.estimator: want asymptotic_cs or betting",
		`{"steps": [{"percent": 100, "final": true}]}`: "steps: want a step before the final one",
		`{"steps": [{"percent": 5}, {"percent": 50}]}`: "steps[1].final",
		`{"steps": [{"percent": 5}, {"percent": 60}, {"percent": 100, "final": true}]}`: "steps[1].percent: 60: above 50 the control shrinks: the comparison ends at 50",
		`{"steps": [{"percent": 5}, {"percent": 5}, {"percent": 100, "final": true}]}`:  "steps[1].percent: percents must increase",
		`{"steps": [{"percent": 0}, {"percent": 100, "final": true}]}`:                  "steps[0].percent",
		`{"kind": "Suite"}`:                 "kind: want GatePolicy",
		`{"cluster.max_cases_per_unit": 0}`: "cluster.max_cases_per_unit",
		`{"metadata": "me"}`:                `metadata: want an object, have "me"`,
	} {
		_, err := overridden(json.RawMessage(over))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", over, err, want)
		}
	}
	for _, data := range []string{``, `[]`, `{`, `null`, `{} {}`} {
		if _, err := ParsePolicy([]byte(data)); err == nil || !strings.HasPrefix(err.Error(), "POLICY_INVALID: ") {
			t.Errorf("%q: error %v, want POLICY_INVALID", data, err)
		}
	}
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	p, err := overridden(json.RawMessage(`{"hold": {"timeout": "2h"}, "hold.on_timeout": "stay", "signals.p95_latency_ms.promote": 9000, "signals.0.min_n": 7}`))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultPolicy()
	want.HoldRule = HoldRule{Timeout: hours(2), OnTimeout: "stay", OnInsufficient: "stay"}
	want.Signals[4].Promote, want.Signals[0].MinN = 9000, 7
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if p, err := overridden(json.RawMessage(`"agent-low-traffic"`)); err != nil || p.Metadata.Name != AgentLowTraffic {
		t.Errorf("by name: %s, %v", p.Metadata.Name, err)
	}
	for _, over := range []string{`"nobody"`, `7`, `{"signals.9.weight": 1}`, `{"signals.nobody.weight": 1}`, `{"alpha.rollback.more": 1}`} {
		if _, err := overridden(json.RawMessage(over)); err == nil {
			t.Errorf("%s: no error", over)
		}
	}
}

func TestParsePlan(t *testing.T) {
	t.Parallel()
	plan, err := ParsePlan([]byte(`{
		"apiVersion": "lockflight/v1", "kind": "ReleasePlan", "metadata": {"name": "careful"},
		"policy": "agent-default",
		"milestones": [
			{"percent": 0, "shadow": true, "min_duration": "10m"},
			{"percent": 5, "approvals": 1, "policy": {"metadata": {"name": "strict"}, "alpha": {"promote": 0.01}}},
			{"percent": 50, "min_duration": "2h"},
			{"percent": 100}
		]}`))
	if err != nil {
		t.Fatal(err)
	}
	if m := plan.Milestones; len(m) != 4 || !m[3].Final || m[1].Pass != NoHarm || m[2].Pass != "" || !m[0].Shadow {
		t.Errorf("milestones %+v", m)
	}
	for i, want := range []Duration{minutes(10), hours(1), hours(2), hours(1)} {
		if got := plan.PolicyAt(i).Evidence.MinDuration; got != want {
			t.Errorf("milestone %d lasts %s, want %s", i, got, want)
		}
	}
	if got := plan.PolicyAt(1).Alpha.Promote; got != 0.01 {
		t.Errorf("milestone 1 has alpha.promote %v", got)
	}
	raw, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePlan(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, again); diff != "" {
		t.Errorf("through JSON (-before +after)\n%s", diff)
	}
}

func TestPolicyIsAPlan(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := ParsePlan(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(PlanOf(DefaultPolicy()), plan); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParsePlanFaults(t *testing.T) {
	t.Parallel()
	plan := func(milestones string) string {
		return `{"kind": "ReleasePlan", "policy": "agent-default", "milestones": ` + milestones + `}`
	}
	for data, want := range map[string]string{
		plan(`[{"percent": 5}, {"percent": 75}]`):                                         "milestones[1].percent: 75: above 50 the control shrinks",
		plan(`[{"percent": 10}, {"percent": 5}]`):                                         "milestones[1].percent: percents must increase",
		plan(`[{"percent": 10}]`):                                                         "milestones: want a step before the final one",
		plan(`[]`):                                                                        "milestones: want a step before",
		plan(`[{"percent": 10, "final": true}, {"percent": 50}]`):                         "milestones[0].final",
		plan(`[{"percent": 10, "min_duration": "25h"}, {"percent": 50}]`):                 "milestones[0].hold.timeout",
		plan(`[{"percent": 10, "approvals": -1}, {"percent": 50}]`):                       "milestones[0].approvals",
		plan(`[{"percent": 10, "shadow": true}, {"percent": 50}]`):                        "milestones[0].percent",
		plan(`[{"percent": 10, "weight": 1}, {"percent": 50}]`):                           "milestones[0].weight: unknown key",
		plan(`[{"percent": 10, "policy": "nobody"}, {"percent": 50}]`):                    `milestones[0].policy: no policy is named "nobody"`,
		`{"kind": "ReleasePlan", "milestones": []}`:                                       "policy: want the name of a policy",
		`{"kind": "ReleasePlan", "policy": {"alpha": {"rollback": 2}}, "milestones": []}`: "policy.alpha.rollback",
		`{"kind": "Suite", "policy": "agent-default", "milestones": []}`:                  "kind: want ReleasePlan or GatePolicy",
		`[`: "not JSON",
	} {
		if _, err := ParsePlan([]byte(data)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "POLICY_INVALID: ") {
			t.Errorf("%s: error %v, want POLICY_INVALID and %q", data, err, want)
		}
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for in, want := range map[time.Duration]string{
		0: "0s", 15 * time.Minute: "15m", 4 * time.Hour: "4h", 90 * time.Minute: "1h30m",
		time.Hour + time.Second: "1h0m1s", 1500 * time.Millisecond: "1.5s", 20 * time.Minute: "20m", 10 * time.Hour: "10h",
	} {
		if got := Duration(in).String(); got != want {
			t.Errorf("%v = %s, want %s", in, got, want)
		}
		var again Duration
		if err := json.Unmarshal([]byte(`"`+want+`"`), &again); err != nil || again != Duration(in) {
			t.Errorf("%s reads as %v, %v", want, again, err)
		}
	}
}

// The faults of signals of other kinds than the five of agent-default have.
func TestParseSignalFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ over, want string }{
		{`{"comparison.estimator": "betting", "cluster.design_effect": 2.2}`, "cluster.design_effect: want 1"},
		{`{"signals": [{"name": "x", "kind": "mean"}]}`, "signals[0].kind: want bernoulli, score, quantile, counter or level"},
		{`{"signals.safety_pass_rate.on_fail": "page"}`, "signals[0].on_fail: want rollback, hold or warn"},
		{`{"signals.safety_pass_rate.on_fail": "warn"}`, "signals[0].required: want false with on_fail: warn"},
		{`{"signals.safety_pass_rate.weight": 0}`, "signals[0].weight: want a share above 0"},
		{`{"signals": [{"name": "x", "kind": "level", "promote": 1, "rollback": 0.5}]}`, "signals[0].rollback: want more than promote"},
		{`{"signals": [{"name": "x", "kind": "level", "promote": 1, "rollback": 2, "weight": 1}]}`, "signals[0].weight: want 0"},
		{`{"signals": [{"name": "x", "kind": "counter", "promote": 1, "rollback": 1.1, "weight": 1}]}`, "signals[0].tolerance"},
		{`{"signals": [{"name": "x", "kind": "score", "promote": 1.5, "rollback": 0.5, "weight": 1}]}`, "signals[0].promote: want a rate"},
		{`{"signals": [{"name": "x", "kind": "score", "promote": 0.8, "rollback": 0.5, "weight": 1}], "cluster.design_effect": 2}`, "cluster.design_effect: want 1 with a signal of kind score"},
		{`{"rules": [{"name": "a", "expr": "true"}, {"name": "a", "expr": "true"}]}`, "rules[1].name"},
		{`{"rules": [{"name": "a", "expr": ""}]}`, "rules[0].expr"},
		{`{"rules": [{"name": "a", "expr": "true", "on_fail": "kill"}]}`, "rules[0].on_fail"},
	} {
		_, err := overridden(json.RawMessage(tc.over))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", tc.over, err, tc.want)
		}
	}
}
