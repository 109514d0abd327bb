package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRulesAreCompiled asks both commands that need no server about a policy
// with a rule.
func TestRulesAreCompiled(t *testing.T) {
	t.Parallel()
	const line = `{"name":"n","policy":{"rules":[{"name":"much","expr":"EXPR","on_fail":"rollback"}]},"snapshot":{"exposures":{"treatment":0,"control":0}}}` + "\n"
	for expr, want := range map[string]string{
		"signals.safety_pass_rate.n >= 0": `"reason":"P7_EVIDENCE_MISSING:safety_pass_rate"`,
		"signals.safety_pass_rate.n > 0":  `"reason":"P6_RULE:much"`,
		"signals.safety_pass.n > 0":       `"reason":"P0_POLICY_INVALID"`,
	} {
		var out, errs bytes.Buffer
		in := strings.NewReader(strings.Replace(line, "EXPR", expr, 1))
		if code := run(t.Context(), []string{"gate", "decide"}, streams{in, &out, &errs}); code != 0 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: exit %d, %s%s; want %s", expr, code, out.String(), errs.String(), want)
		}
	}
	file := filepath.Join(t.TempDir(), "policy.yaml")
	const policy = "apiVersion: lockflight/v1\nkind: GatePolicy\nmetadata: {name: ruled}\nrules: [{name: much, expr: EXPR, on_fail: rollback}]\n"
	const evidence = `{"at":"2026-11-22T10:00:00Z","environment":"e","flag":"f","arm":"treatment","unit":"u","build":"b","signal":"exposure"}` + "\n"
	for expr, want := range map[string]string{
		"signals.safety_pass_rate.n > 0": `"reason":"P6_RULE:much"`,
		"signals.safety_pass.n > 0":      `no signal "safety_pass"`,
	} {
		if err := os.WriteFile(file, []byte(strings.Replace(policy, "EXPR", expr, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		run(t.Context(), []string{"gate", "replay", "--policy", file, "--evidence", "-"}, streams{strings.NewReader(evidence), &out, &errs})
		if got := out.String() + errs.String(); !strings.Contains(got, want) {
			t.Errorf("%s: %s; want %s", expr, got, want)
		}
	}
}
