package gate

import (
	"strings"
	"testing"
)

func TestActsOnDrift(t *testing.T) {
	t.Parallel()
	named := DefaultPolicy()
	named.Drift.Signals = []string{"task_success_rate"}
	for name, tc := range map[string]struct {
		policy Policy
		acts   string
		not    string
	}{
		"safety and evidence, by default": {DefaultPolicy(), "evidence_coverage", "task_success_rate"},
		"guardrails, where there is none": {service(), "p95_latency_ms", "safety_pass_rate"},
		"those that are named":            {named, "task_success_rate", "safety_pass_rate"},
	} {
		if !tc.policy.ActsOnDrift(tc.acts) || tc.policy.ActsOnDrift(tc.not) {
			t.Errorf("%s: %s %v, %s %v", name, tc.acts, tc.policy.ActsOnDrift(tc.acts), tc.not, tc.policy.ActsOnDrift(tc.not))
		}
	}
	named.Drift.Signals = append(named.Drift.Signals, "nothing")
	if err := named.Validate(); err == nil || !strings.Contains(err.Error(), "drift.signals[1]") {
		t.Errorf("a signal that is none: %v", err)
	}
}
