package runner_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// answered sends good cases of both arms, whose treatment a model answers.
func (w *world) answered(t *testing.T, r control.ReleaseView, at time.Time, n int, model string) {
	t.Helper()
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for range n {
		for arm, build := range map[string]string{gate.Treatment: r.Build, gate.Control: r.Control} {
			o := gate.Observation{
				At: at.UTC(), Environment: r.Environment, Flag: r.Flag, Arm: arm, Build: build,
				Unit: fmt.Sprint("u", w.units.Add(1)), Signal: "exposure",
			}
			check(t, enc.Encode(o))
			o.Signal, o.Pass = "task_success_rate", new(true)
			if arm == gate.Treatment {
				o.Identity = &gate.CaseIdentity{Model: model}
			}
			check(t, enc.Encode(o))
		}
	}
	check(t, w.db.AppendEvidence(t.Context(), at, []control.EvidenceBatch{{Release: r.ID, Lines: lines.Bytes()}}))
}

// TestEpoch moves the model under a release that waits for more: the evidence
// before does not count any more, which leaves a record, and a runner that folds
// it all again has the same.
func TestEpoch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live, stop := w.run(t, w.db)
	patient := `{
		"apiVersion": "lockflight/v1", "kind": "GatePolicy", "metadata": {"name": "patient"},
		"signals": [{"name": "task_success_rate", "weight": 1, "min_n": 20, "relative": {"require_ni": "never"}}],
		"evidence": {"min_duration": "1h", "min_exposures_per_arm": 20, "min_step_exposures": 20},
		"hysteresis": {"evaluate_every": "10ms"}, "steps": [{"percent": 10}, {"percent": 100, "final": true}]
	}`
	r := w.start(t, flagName, patient)
	at := time.Now()
	for i, model := range []string{"m1", "m1", "m2", "m2", "m2"} {
		w.answered(t, r, at.Add(time.Duration(i)*time.Second), 30, model)
	}
	seen := func(e control.Evaluation) bool { return e.Snapshot.Epoch == 2 && e.Snapshot.Exposures.Treatment == 60 }
	e := await(t, live, r.ID, seen)
	now := w.until(t, r.ID, false, func(r control.ReleaseView) bool { return r.Epoch != nil })
	if now.Epoch.Number != 2 || !cmp.Equal(now.Epoch.Changed, []string{"model"}) || !cmp.Equal(now.Epoch.Identity.ResponseModels, []string{"m1", "m2"}) {
		t.Errorf("epoch %+v", now.Epoch)
	}
	stop()
	second, _ := w.run(t, w.db)
	again := await(t, second, r.ID, seen)
	diff(t, "signals after a restart", e.Decision.Signals, again.Decision.Signals)
	diff(t, "identity after a restart", e.Snapshot.Identity, again.Snapshot.Identity)
}
