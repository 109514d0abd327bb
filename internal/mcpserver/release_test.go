package mcpserver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// apply lets the gate decide about a release, and returns the verdict's id.
func (p *plane) apply(t testing.TB, id string, v gate.Verdict, reason string) string {
	t.Helper()
	r, err := p.Release(t.Context(), root, id)
	check(t, err)
	state := gate.State{}
	d := gate.Decision{Verdict: v, Reason: reason, Needs: []string{"40 more cases"}, Signals: []gate.SignalStatus{
		{Name: "task_success_rate", Status: gate.Few, N: 10, Estimate: new(0.9), Diff: new(-0.05), Lower: new(0.7), Upper: new(0.97)},
		{Name: "evidence_coverage", Status: gate.Missing, Why: "no_data"},
	}}
	out, err := p.Apply(t.Context(), control.Engine(), control.Evaluation{Release: id, Rev: r.Rev, At: time.Now(), State: state, Decision: d})
	check(t, err)
	return out.Verdict.ID
}

func TestRelease(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	c := p.connect(t, p.agent)
	c.ok("create_flag", checkout)
	in := m{"featureName": "checkout-v2", "environment": "development", "build": "b2", "plan": "agent"}
	head := p.size(t)
	rehearsed := c.ok("start_release", m{"featureName": "checkout-v2", "environment": "development", "build": "b2", "plan": "agent", "dryRun": true})
	diff(t, "rehearsed", any("planned"), rehearsed["status"])
	diff(t, "records of a rehearsal", head, p.size(t))
	started := c.ok("start_release", in)
	diff(t, "the plan", rehearsed["milestones"], started["milestones"])
	diff(t, "repeated", started, c.ok("start_release", in))
	id, _ := started["releaseId"].(string)

	c.refused("conflict", "start_release", m{"featureName": "checkout-v2", "environment": "development", "build": "b3", "plan": "agent"})
	c.refused("invalid_argument", "start_release", m{"featureName": "checkout-v2", "environment": "development", "build": "b2", "plan": "none"})
	c.refused("invalid_argument", "start_release", m{"featureName": "checkout-v2", "environment": "development", "build": "b2"})

	verdict := p.apply(t, id, gate.Hold, "P9_FEW")
	read := c.ok("get_release", m{"releaseId": id})
	diff(t, "of the flag", read, c.ok("get_release", m{"featureName": "checkout-v2", "environment": "development"}))
	one := read["releases"].([]any)[0].(m)
	diff(t, "verdict", any(verdict), one["verdict"].(m)["id"])
	diff(t, "waiting for", any([]any{"40 more cases"}), one["waitingFor"])

	why := c.ok("explain_verdict", m{"verdictId": verdict})
	diff(t, "missing", any([]any{"evidence_coverage"}), why["missing"])
	first := why["signals"].([]any)[0].(m)
	for field, want := range map[string]any{"name": "task_success_rate", "state": "FEW", "treatment": 0.9, "control": 0.95, "n": 10.0} {
		diff(t, field, want, first[field])
	}
	if _, ok := first["threshold"].(float64); !ok {
		t.Errorf("it does not say what the policy asks for: %v", first)
	}
	index, _ := why["logIndex"].(float64)
	events, err := p.Events(t.Context(), root, int64(index), 1)
	check(t, err)
	if len(events) != 1 || !strings.Contains(string(events[0].Record), "release.milestone.hold") {
		t.Errorf("log entry %v is %v", index, events)
	}

	submitted := c.ok("submit_evidence", m{"observations": []m{
		{"environment": "development", "flag": "checkout-v2", "arm": "treatment", "unit": "u1", "build": "b2", "signal": "exposure"},
		{"environment": "development", "flag": "none", "arm": "treatment", "unit": "u1", "build": "b2", "signal": "exposure"},
	}, "dryRun": true})
	if submitted["rejected"] == nil {
		t.Errorf("evidence: %v", submitted)
	}
	killed := c.ok("kill_flag", m{"featureName": "checkout-v2", "environment": "development", "reason": "it breaks"})
	diff(t, "after", any(0.0), killed["exposureAfter"])
	diff(t, "rolled back", any("rolled_back"), c.ok("get_release", m{"releaseId": id})["releases"].([]any)[0].(m)["state"])
	c.refused("not_found", "get_release", m{"releaseId": "rel-none"})
	c.refused("not_found", "explain_verdict", m{"verdictId": "rel-none.1"})
	c.refused("invalid_argument", "get_release", m{})
}

// TestProduction: what the policy does not let an agent do changes nothing, and
// the way back stays open.
func TestProduction(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	c := p.connect(t, p.agent)
	c.ok("create_flag", checkout)
	plan := c.ok("plan_change", m{"operations": []m{{"op": "enable", "featureName": "checkout-v2", "environment": "production"}}})
	if plan["allowed"] != false || plan["needs"] == nil {
		t.Errorf("an agent may switch on in production: %v", plan)
	}
	head := p.size(t)
	c.refused("denied_by_policy", "apply_change", m{"planDigest": plan["planDigest"]})
	diff(t, "records", head, p.size(t))
	_, err := p.SetEnabled(t.Context(), root, control.Ref{Flag: "checkout-v2", Environment: "production"}, true)
	check(t, err)
	c.refused("stale_revision", "apply_change", m{"planDigest": plan["planDigest"]})
	diff(t, "killed", any("done"), c.ok("kill_flag", m{"featureName": "checkout-v2", "environment": "production", "reason": "it breaks"})["status"])
}
