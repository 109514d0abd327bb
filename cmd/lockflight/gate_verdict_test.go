package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
)

// verdictDocument returns a verdict as the server answers it.
func verdictDocument(t *testing.T) map[string]any {
	t.Helper()
	policy := gate.DefaultPolicy()
	snapshot := gate.Snapshot{
		Exposures: gate.Exposures{Treatment: 300, Control: 300},
		Signals: map[string]gate.Measure{"evidence_coverage": {
			Treatment: &gate.Arm{K: new(gate.Count(120)), N: new(gate.Count(300))},
			Control:   &gate.Arm{K: new(gate.Count(270)), N: new(gate.Count(300))},
		}},
	}
	state := gate.State{ElapsedSeconds: 7200}
	d := gate.Decide(policy, snapshot, state)
	raw, err := json.Marshal(map[string]any{
		"id": "rel-1.7", "release": "rel-1", "verdict": d.Verdict, "reason": d.Reason, "also": d.Also, "signals": d.Signals,
		"policy": policy, "policy_sha256": sumOf(t, policy), "snapshot": snapshot, "state": state, "snapshot_sha256": sumOf(t, snapshot),
	})
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func sumOf(t *testing.T, v any) string {
	t.Helper()
	canonical, err := audit.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Sum(canonical)
}

func TestReplayStoredVerdict(t *testing.T) {
	t.Parallel()
	treatment := func(doc map[string]any) map[string]any {
		measure := doc["snapshot"].(map[string]any)["signals"].(map[string]any)["evidence_coverage"].(map[string]any)
		return measure["treatment"].(map[string]any)
	}
	for _, tc := range []struct {
		name   string
		change func(doc map[string]any)
		code   int
		want   []string
	}{
		{"as it was", func(map[string]any) {}, 0, []string{"rel-1.7  ROLLBACK  P5_SEVERE:evidence_coverage: recomputed from sha256:", "it agrees"}},
		{
			"one count changed", func(doc map[string]any) { treatment(doc)["k"] = 121.0 }, 1,
			[]string{"DIFFERS", "snapshot: its digest is sha256:", "evidence_coverage.estimate: recorded 0.4, recomputed 0.403333", "evidence_coverage.rollback_upper"},
		},
		{"another verdict", func(doc map[string]any) { doc["verdict"] = "PROMOTE" }, 1, []string{"verdict: recorded PROMOTE, recomputed ROLLBACK"}},
		{
			"another policy", func(doc map[string]any) { doc["policy"].(map[string]any)["alpha"].(map[string]any)["promote"] = 0.04 }, 1,
			[]string{"policy: its digest is", "evidence_coverage.lower: recorded"},
		},
		{"decided by a person", func(doc map[string]any) { delete(doc, "snapshot") }, 0, []string{"nothing to recompute"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			doc := verdictDocument(t)
			tc.change(doc)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1/verdicts/rel-1.7" {
					w.WriteHeader(http.StatusNotFound)
				}
				if err := json.NewEncoder(w).Encode(doc); err != nil {
					t.Error(err)
				}
			}))
			defer server.Close()
			var out, errs bytes.Buffer
			code := run(t.Context(), []string{"gate", "replay", "rel-1.7", "--url", server.URL}, streams{strings.NewReader(""), &out, &errs})
			if code != tc.code {
				t.Errorf("exit code %d, want %d: %s", code, tc.code, errs.String())
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("printed %q, want %q", out.String(), want)
				}
			}
		})
	}
}
