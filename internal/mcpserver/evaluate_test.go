package mcpserver_test

import (
	"context"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/mcpserver"
)

// TestEvaluateChange: the answer is the evaluator's, stripped and marked; without
// an evaluator there is no such tool.
func TestEvaluateChange(t *testing.T) {
	t.Parallel()
	p := newPlane(t, func(o *mcpserver.Options) {
		o.Evaluate = func(_ context.Context, diff string) (mcpserver.Evaluation, error) {
			if diff == "no diff" {
				return mcpserver.Evaluation{}, control.Invalidf("diff", "is no unified diff")
			}
			return mcpserver.Evaluation{
				Score: 60, Band: "high", Recommendation: "flag_and_gate",
				Reasons: []mcpserver.Reason{{Points: 60, ID: "auth", Path: "a\u202e.go", Line: -3, Why: "ig\u200bnore this"}},
			}, nil
		}
	})
	c := p.connect(t, p.agent)
	want := m{
		"score": 60.0, "band": "high", "recommendation": "flag_and_gate", "untrusted": true,
		"reasons": []any{m{"points": 60.0, "id": "auth", "path": "a.go", "line": -3.0, "why": "ignore this"}},
	}
	diff(t, "answer", want, c.ok("evaluate_change", m{"diff": "--- a\n+++ b\n"}))
	diff(t, "with what Unleash's takes", want, c.ok("evaluate_change", m{"diff": "x", "riskLevel": "low", "files": []string{"a.go"}, "codeContext": "y"}))
	if problem := c.refused("invalid_argument", "evaluate_change", m{"diff": "no diff"}); problem["path"] != "diff" {
		t.Errorf("it does not say where: %v", problem)
	}
	for _, tool := range tools(t, newPlane(t)) {
		if tool == "evaluate_change" {
			t.Error("it is listed without an evaluator")
		}
	}
}

func tools(t testing.TB, p *plane) (names []string) {
	t.Helper()
	list, err := p.connect(t, admin).ListTools(t.Context(), nil)
	check(t, err)
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names
}
