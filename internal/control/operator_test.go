package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

func TestRollbackRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.apply(t, w.started(t), gate.Hold, gate.MinDuration)
	w.pass(time.Minute)
	end := must(w.RollbackRelease(t.Context(), root, r.ID, "it smells"))(t)
	if end.State != control.RolledBack || end.Note != "it smells" || end.Verdict.Reason != gate.OperatorKilled ||
		end.Verdict.By != "tok_test" || !end.EndedAt.Equal(w.now()) || !end.ChangedAt.Equal(w.now()) {
		t.Errorf("rolled back as %+v", end)
	}
	diff(t, "again", end, must(w.RollbackRelease(t.Context(), root, r.ID, "twice"))(t))

	_, err := w.RollbackRelease(t.Context(), root, "rel-none", "")
	wantErr(t, err, control.NotFound, "release")
}

func TestRollbackOfAPausedRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	must(w.PauseRelease(t.Context(), root, r.ID, ""))(t)
	if r := must(w.RollbackRelease(t.Context(), root, r.ID, ""))(t); r.State != control.RolledBack {
		t.Errorf("state %s", r.State)
	}
}

// TestEndedRelease refuses what comes after the end.
func TestEndedRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	for range 2 {
		r = w.apply(t, r, gate.Promote, gate.AllPass)
	}
	for name, do := range map[string]func() error{
		"rollback": func() error { _, err := w.RollbackRelease(t.Context(), root, r.ID, "late"); return err },
		"pause":    func() error { _, err := w.PauseRelease(t.Context(), root, r.ID, "late"); return err },
		"promote":  func() error { _, err := w.PromoteRelease(t.Context(), root, r.ID, "late"); return err },
		"apply": func() error {
			_, err := w.Apply(t.Context(), control.Engine(), w.decided(r, gate.Promote, gate.AllPass))
			return err
		},
	} {
		if err := do(); control.KindOf(err) != control.Conflict {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
}

// TestPauseAndResume keeps what is served, and begins anew what lasted.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	for reason, state := range map[string]control.ReleaseState{
		gate.MinDuration: control.Running, "P8_BELOW_PROMOTE:evidence_coverage": control.Held,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.apply(t, w.started(t), gate.Hold, reason)
			served := w.servedFlag(t, production)
			from := w.head(t).Size
			paused := must(w.PauseRelease(t.Context(), root, r.ID, "lunch"))(t)
			if paused.State != control.Paused || paused.Note != "lunch" {
				t.Errorf("paused as %s, %q", paused.State, paused.Note)
			}
			w.pass(48 * time.Hour)
			resumed := must(w.ResumeRelease(t.Context(), root, r.ID, ""))(t)
			diff(t, "state", state, resumed.State)
			diff(t, "served", served, w.servedFlag(t, production))
			at := resumed.Progress.State(&resumed.Plan, w.now(), 0)
			if at.HoldElapsedSeconds != 0 || at.MissingForSeconds != 0 || at.IntegrityForSeconds != 0 {
				t.Errorf("a HOLD went on while paused: %+v", at)
			}
			for _, rec := range w.since(t, from) {
				diff(t, "a verdict in "+rec.Type, audit.Decision{}, rec.Dec)
			}
		})
	}
}

// TestPromoteRelease lets a person overrule a HOLD that waits, and no other
// verdict.
func TestPromoteRelease(t *testing.T) {
	t.Parallel()
	for reason, allowed := range map[string]bool{
		gate.MinDuration:                       true,
		"P8_BELOW_PROMOTE:evidence_coverage":   true,
		"P10_UNDETERMINED:evidence_coverage":   true,
		"P12_HYSTERESIS":                       true,
		"P0_SNAPSHOT_INVALID":                  false,
		gate.BuildMismatch:                     false,
		gate.SRM:                               false,
		"P7_EVIDENCE_MISSING:safety_pass_rate": false,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.apply(t, w.started(t), gate.Hold, reason)
			w.pass(time.Minute)
			got, err := w.PromoteRelease(t.Context(), root, r.ID, "known to be fine")
			if !allowed {
				if code(err) != "gate_forbids" {
					t.Errorf("overruled: %v", err)
				}
				return
			}
			check(t, err)
			want := gate.Progress{
				Step: 1, StepStart: w.now(), Move: gate.Advance, PassedAt: w.now(), PassedOutcomes: r.Progress.PassedOutcomes,
				RecordedAt: w.now(), Verdict: gate.Promote, Reason: "OPERATOR_PROMOTE",
			}
			diff(t, "progress", want, got.Progress)
			if got.Milestone != 1 || got.Percent() != 50 || got.Note != "known to be fine" || got.Verdict.By != "tok_test" {
				t.Errorf("promoted to %+v", got)
			}
		})
	}
}

func TestPromoteReleaseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	r := w.started(t)
	_, err := w.PromoteRelease(ctx, root, r.ID, " ")
	wantErr(t, err, control.Invalid, "reason")
	if _, err = w.PromoteRelease(ctx, root, r.ID, "x"); code(err) != "no_verdict" {
		t.Errorf("before the gate has looked: %v", err)
	}
	r = w.apply(t, r, gate.Hold, gate.MinDuration)
	agent := root
	agent.Kind = control.KindAgent
	_, err = w.PromoteRelease(ctx, agent, r.ID, "x")
	wantErr(t, err, control.Denied, string(control.PermReleasePromote))
	must(w.PauseRelease(ctx, root, r.ID, ""))(t)
	if _, err = w.PromoteRelease(ctx, root, r.ID, "x"); code(err) != "release_paused" {
		t.Errorf("while paused: %v", err)
	}
	must(w.ResumeRelease(ctx, root, r.ID, ""))(t)
	r = must(w.PromoteRelease(ctx, root, r.ID, "x"))(t)
	if _, err = w.PromoteRelease(ctx, root, r.ID, "x"); code(err) != "no_verdict" {
		t.Errorf("twice on one verdict: %v", err)
	}
}

// TestOffEndsARelease switches a flag off while a release runs on it.
func TestOffEndsARelease(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]bool{"a flag that was on": true, "a flag that was off": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			aStrategy(t, w)
			must(w.SetEnabled(t.Context(), root, production, on))(t)
			r := w.started(t)
			view := must(w.SetEnabled(t.Context(), root, production, false))(t)
			if len(view.Releases) > 0 || view.Environments[0].Enabled || w.servedFlag(t, production).Enabled {
				t.Errorf("after off: %+v", view)
			}
			end := must(w.Release(t.Context(), root, r.ID))(t)
			if end.State != control.RolledBack || end.Verdict.Reason != gate.OperatorKilled {
				t.Errorf("the release is %s, %s", end.State, end.Verdict.Reason)
			}
			if _, err := w.StartRelease(t.Context(), root, starting()); code(err) != "build_latched" {
				t.Errorf("the build again: %v", err)
			}
		})
	}
}
