package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/expr"
)

// storedVerdict is a verdict as the server keeps it, with what it was made on.
type storedVerdict struct {
	ID           string              `json:"id"`
	Release      string              `json:"release"`
	Verdict      gate.Verdict        `json:"verdict"`
	Reason       string              `json:"reason"`
	Also         []string            `json:"also"`
	Signals      []gate.SignalStatus `json:"signals"`
	Policy       json.RawMessage     `json:"policy"`
	PolicySHA256 string              `json:"policy_sha256"`
	Snapshot     json.RawMessage     `json:"snapshot"`
	State        json.RawMessage     `json:"state"`
	Evidence     json.RawMessage     `json:"evidence"` // holds snapshot and state; what the digest is of, where it is given
	SHA256       string              `json:"snapshot_sha256"`
}

// replayStored recomputes a stored verdict from its own evidence and compares
// everything that was recorded. Exit code 1 when anything differs.
func (c *gateReplayCmd) replayStored(ctx context.Context, s streams, id string) error {
	var v storedVerdict
	if err := c.call(ctx, http.MethodGet, "/api/v1/verdicts/"+url.PathEscape(id), nil, &v); err != nil {
		return err
	}
	if len(v.Snapshot) == 0 {
		fmt.Fprintf(s.out, "%s  %s  %s: decided by a person, there is nothing to recompute\n", v.ID, v.Verdict, v.Reason)
		return nil
	}
	again, differences, err := v.recompute()
	if err != nil {
		return fmt.Errorf("recomputing %s: %w", v.ID, err)
	}
	if c.Output == "json" {
		if err := printJSON(s.out, map[string]any{
			"id": v.ID, "agrees": len(differences) == 0, "verdict": again.Verdict, "reason": again.Reason, "differences": differences,
		}); err != nil {
			return err
		}
	} else if len(differences) == 0 {
		fmt.Fprintf(s.out, "%s  %s  %s: recomputed from %s, it agrees\n", v.ID, v.Verdict, v.Reason, v.SHA256)
	} else {
		fmt.Fprintf(s.out, "%s  %s  %s: recomputed, it DIFFERS\n", v.ID, v.Verdict, v.Reason)
		for _, d := range differences {
			fmt.Fprintln(s.out, " ", d)
		}
	}
	if len(differences) > 0 {
		return exitError(1)
	}
	return nil
}

// recompute decides again, and returns all that differs from what is stored.
func (v *storedVerdict) recompute() (again gate.Decision, differences []string, err error) {
	differences = []string{}
	digested := v.Evidence
	if len(digested) == 0 {
		digested = v.Snapshot
	}
	for _, doc := range []struct {
		name string
		raw  json.RawMessage
		want string
	}{{"snapshot", digested, v.SHA256}, {"policy", v.Policy, v.PolicySHA256}} {
		if doc.want == "" {
			continue
		}
		canonical, err := audit.Canonical(doc.raw)
		if err != nil {
			return again, nil, fmt.Errorf("the stored %s: %w", doc.name, err)
		}
		if sum := audit.Sum(canonical); sum != doc.want {
			differences = append(differences, fmt.Sprintf("%s: its digest is %s, recorded was %s", doc.name, sum, doc.want))
		}
	}
	policy, err := gate.ParsePolicy(v.Policy)
	if err != nil {
		return again, nil, fmt.Errorf("the stored policy: %w", err)
	}
	var snapshot gate.Snapshot
	if err := json.Unmarshal(v.Snapshot, &snapshot); err != nil {
		return again, nil, fmt.Errorf("the stored snapshot: %w", err)
	}
	var state gate.State
	if err := json.Unmarshal(v.State, &state); err != nil {
		return again, nil, fmt.Errorf("the stored state: %w", err)
	}
	rules, err := expr.Compile(policy)
	if err != nil {
		return again, nil, fmt.Errorf("the stored policy: %w", err)
	}
	again = rules.Decide(policy, snapshot, state)
	recorded := gate.Decision{Verdict: v.Verdict, Reason: v.Reason, Also: v.Also, Signals: v.Signals}
	return again, append(differences, recorded.Differences(again)...), nil
}
