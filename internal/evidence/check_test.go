package evidence

import (
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/gate"
)

// Each kind of signal has a way in, and what is none of its outcomes is refused
// by the field that is wrong.
func TestKindsOfSignals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ outcome, want string }{
		"a pass":                 {`"signal":"task_success_rate","pass":true`, ""},
		"a rate with a value":    {`"signal":"task_success_rate","value":1`, "pass: of task_success_rate must be true or false"},
		"a latency":              {`"signal":"p95_latency_ms","value":812.5`, ""},
		"a latency that passes":  {`"signal":"p95_latency_ms","pass":true`, "value: of p95_latency_ms must be a finite number from 0"},
		"a score":                {`"signal":"tone","value":0.75`, ""},
		"a score that passes":    {`"signal":"tone","pass":true`, "value: of tone must be a score from 0 to 1"},
		"a score of 5 stars":     {`"signal":"tone","value":5`, "value: of tone must be a score from 0 to 1"},
		"retries":                {`"signal":"retries","value":2`, ""},
		"half a retry":           {`"signal":"retries","value":0.5`, "value: of retries must be a whole number"},
		"more retries than any":  {`"signal":"retries","value":1e7`, "value: of retries must be a whole number"},
		"retries that pass":      {`"signal":"retries","pass":false`, "value: of retries must be a whole number"},
		"a score, not for this":  {`"signal":"tone","na":true`, ""},
		"a level of a queue":     {`"signal":"queue","value":3`, "signal: queue is a level"},
		"a level that is absent": {`"signal":"queue","na":true`, "signal: queue is a level"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			policy := gate.DefaultPolicy()
			policy.Signals = append(policy.Signals,
				gate.Signal{Name: "tone", Kind: gate.Score}, gate.Signal{Name: "retries", Kind: gate.Counter}, gate.Signal{Name: "queue", Kind: gate.Level})
			w.start("rel-1", "default", "production", "agent-router", &policy)
			sent := `{"at":"2026-11-22T11:59:59Z","environment":"production","flag":"agent-router","arm":"treatment","unit":"conv-1","build":"b2",` + c.outcome + `}`
			res, err := w.NDJSON(t.Context(), backend("default"), "", 0, strings.NewReader(sent))
			switch {
			case c.want == "" && (err != nil || res.Accepted != 1):
				t.Errorf("refused: %v, %v", res, err)
			case c.want != "" && (len(res.Rejected) != 1 || !strings.Contains(res.Rejected[0].Error, c.want)):
				t.Errorf("got %v, want %q", res, c.want)
			}
		})
	}
}

// An evaluation's score is the value of a graded signal, whatever its label.
func TestEvaluationIsAScore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := gate.DefaultPolicy()
	policy.Signals = append(policy.Signals, gate.Signal{Name: "tone", Kind: gate.Score})
	w.start("rel-1", "default", "production", "agent-router", &policy)
	evaluation := attrs{"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.value": 0.25, "gen_ai.evaluation.score.label": "pass"}
	if n, why := w.sendLogs(t, logsOf(t, service, record{eventFlag, exposed, 1}, record{eventEvaluation, evaluation, 1})); n != 0 {
		t.Fatalf("refused %d: %s", n, why)
	}
	if got, want := strings.Join(w.briefs(t), "; "), "conv-1 treatment b2 exposure; conv-1 treatment b2 tone 0.25"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
