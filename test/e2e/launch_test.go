package e2e

import (
	"context"
	"net/http"
	"testing"

	"github.com/lockflight/lockflight/sdk/eval"
)

// steps is a policy of one signal that moves by seconds and not by hours, over
// milestones of the given percents.
func steps(percents ...int) map[string]any {
	var list []map[string]any
	for i, percent := range percents {
		list = append(list, map[string]any{"percent": percent, "final": i == len(percents)-1})
	}
	return map[string]any{
		"apiVersion": "lockflight/v1", "kind": "GatePolicy", "metadata": map[string]any{"name": "e2e"},
		"signals": []map[string]any{{"name": "task_success_rate", "weight": 1, "min_n": 50}},
		"evidence": map[string]any{
			"min_exposures_per_arm": 50, "min_step_exposures": 10, "min_duration": "1s", "outcome_grace": "1m",
		},
		"hysteresis": map[string]any{"consecutive_passes": 1, "evaluate_every": "1s", "cooldown_after_rollback": "0s"},
		"steps":      list,
	}
}

// launch makes a flag and starts a release of candidate behind it.
func (p *plane) launch(t *testing.T, flag string, policy map[string]any) flight {
	t.Helper()
	p.must(t, http.MethodPost, features, map[string]string{"name": flag}, nil)
	var r struct {
		ID        string `json:"id"`
		Milestone struct {
			Percent int `json:"percent"`
		} `json:"milestone"`
	}
	p.must(t, http.MethodPost, "/api/v1/releases", map[string]any{
		"flag": flag, "environment": environment, "build": candidate, "control": stable, "plan": policy,
	}, &r)
	return flight{id: r.ID, flag: flag, percent: r.Milestone.Percent}
}

// features returns the document that SDKs read.
func (p *plane) features(ctx context.Context) (eval.Snapshot, error) {
	var doc eval.Snapshot
	r := request{
		method: http.MethodGet, path: "/api/client/features", token: backendToken,
		headers: map[string]string{"Unleash-Client-Spec": "5.2.0"},
	}
	a, err := p.send(ctx, r)
	if err != nil {
		return doc, err
	}
	return doc, a.decode(r, &doc)
}
