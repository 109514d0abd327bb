package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/drift"
	"github.com/lockflight/lockflight/internal/runner"
)

// window is the outcome window of watched releases: short, so that cases count
// soon.
const window = 50 * time.Millisecond

// watchedPlan is plan with a rule for drift, and a holdback.
func watchedPlan(on string, holdback int) string {
	p := strings.Replace(plan, `"evidence": {`, fmt.Sprintf(`"drift": {"on_drift": %q, "holdback": %d, "control_wait": "0s"}, "evidence": {"outcome_window": %q, `, on, holdback, window), 1)
	return p
}

// outcomes stores outcomes of n new units of an arm, received at a time.
func (w *world) outcomes(t *testing.T, r control.ReleaseView, at time.Time, arm string, n int, good bool) {
	t.Helper()
	var lines bytes.Buffer
	for range n {
		check(t, json.NewEncoder(&lines).Encode(gate.Observation{
			At: at.UTC(), Environment: r.Environment, Flag: r.Flag, Arm: arm, Unit: fmt.Sprint("w", w.units.Add(1)),
			Build: map[string]string{gate.Treatment: r.Build, gate.Control: r.Control}[arm], Signal: "task_success_rate", Pass: &good,
		}))
	}
	check(t, w.db.AppendEvidence(t.Context(), at, []control.EvidenceBatch{{Release: r.ID, Lines: lines.Bytes()}}))
}

// watching is run with a watch that looks at everything at once.
func (w *world) watching(t *testing.T) (r *runner.Runner, stop func()) {
	t.Helper()
	return w.runWith(t, runner.Options{Evidence: w.db, WatchEvery: 5 * time.Millisecond})
}

// drifts sends outcomes of an arm, each batch a window after the one before,
// until the release is as wanted.
func (w *world) drifts(t *testing.T, r control.ReleaseView, arms []string, is func(control.ReleaseView) bool) control.ReleaseView {
	t.Helper()
	limit := time.After(patience)
	at := time.Now().Add(2 * window) // past the first window
	for {
		changed := w.db.Changed()
		if now := w.read(t, r.ID); is(now) {
			return now
		}
		for _, arm := range arms {
			w.outcomes(t, r, at, arm, 40, false)
		}
		at = at.Add(2 * window)
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // the pace of the evidence
		case <-limit:
			t.Fatalf("release %s stays %s, watched as %+v", r.ID, r.State, r.Watch)
		}
	}
}

func (w *world) incidents(t *testing.T) []control.Incident {
	t.Helper()
	all, err := w.Incidents(t.Context(), root, false)
	check(t, err)
	return all
}

// complete takes a release to 100 %.
func (w *world) complete(t *testing.T, planJSON string) control.ReleaseView {
	t.Helper()
	r := w.until(t, w.start(t, flagName, planJSON).ID, true, closed)
	if r.State != control.Completed || !r.Watched() {
		t.Fatalf("ended as %s, watched as %+v: %s", r.State, r.Watch, r.Verdict.Reason)
	}
	return r
}

func TestDrift(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		on       string
		holdback int
		arms     []string // that turn bad, in this order
		action   drift.Action
		state    control.ReleaseState
	}{
		"is reported":                       {gate.OnDriftIncident, 0, []string{gate.Treatment}, drift.Report, control.Completed},
		"falls back":                        {gate.OnDriftFallback, 0, []string{gate.Treatment}, drift.FallBack, control.RolledBack},
		"falls back beside a control":       {gate.OnDriftFallback, 20, []string{gate.Treatment}, drift.FallBack, control.RolledBack},
		"of the control too does no more":   {gate.OnDriftFallback, 20, []string{gate.Control, gate.Treatment}, drift.ControlDrifts, control.Completed},
		"of the control too, where it asks": {gate.OnDriftIncident, 20, []string{gate.Control, gate.Treatment}, drift.ControlDrifts, control.Completed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.watching(t)
			w.watching(t) // another replica: each thing is done once
			r := w.complete(t, watchedPlan(tc.on, tc.holdback))
			end := w.drifts(t, r, tc.arms, func(now control.ReleaseView) bool {
				return len(now.Watch.Alarms) > 0 && (tc.state == control.Completed || now.State != control.Completed)
			})
			if end.State != tc.state || end.Watched() != (tc.state == control.Completed) {
				t.Errorf("%s, watched as %+v", end.State, end.Watch)
			}
			all := w.incidents(t)
			if len(all) != 1 || all[0].Action != tc.action || all[0].Signal != "task_success_rate" {
				t.Fatalf("incidents %+v, want one: %s", all, tc.action)
			}
			if tc.state == control.RolledBack {
				diff(t, "reason", control.DriftReason+"task_success_rate", end.Verdict.Reason)
			}
		})
	}
}

// TestDriftOfSeveral falls back all flags by what one of them shows, and heeds
// none that a person has switched off since.
func TestDriftOfSeveral(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.watching(t)
	p, err := gate.ParsePlan([]byte(watchedPlan(gate.OnDriftFallback, 0)))
	check(t, err)
	third := control.Flag{Name: "third-agent", Project: "default"}
	_, err = w.CreateFlag(t.Context(), root, third)
	check(t, err)
	started, err := w.StartRelease(t.Context(), root, control.StartRelease{
		Flag: flagName, Environment: "production", Build: "b2", Control: "b1", Plan: p,
		With: []control.StartTarget{{Flag: otherFlag, Build: "s2", Control: "s1"}, {Flag: third.Name, Build: "t2", Control: "t1"}},
	})
	check(t, err)
	r := w.until(t, started.ID, true, closed)
	_, err = w.SetEnabled(t.Context(), root, control.Ref{Project: "default", Flag: third.Name, Environment: "production"}, false)
	check(t, err)
	gone, drifting := r, r
	gone.Flag, gone.Build = third.Name, "t2"
	drifting.Flag, drifting.Build = otherFlag, "s2"
	w.outcomes(t, gone, time.Now().Add(2*window), gate.Treatment, 500, false)
	end := w.drifts(t, drifting, []string{gate.Treatment}, closedAs(control.RolledBack))
	diff(t, "was watched until then", map[string]string{flagName: "b2", otherFlag: "s2"}, end.Builds())
	for _, in := range w.incidents(t) {
		diff(t, "the incident is of", flagName, in.Flag)
	}
}

func closedAs(state control.ReleaseState) func(control.ReleaseView) bool {
	return func(r control.ReleaseView) bool { return r.State == state }
}

// TestCriticalEvent falls back when the line comes, however seldom a release is
// looked at: no outcome window is waited for, and no case is counted.
func TestCriticalEvent(t *testing.T) {
	t.Parallel()
	for on, want := range map[string]control.ReleaseState{gate.OnDriftFallback: control.RolledBack, gate.OnDriftIncident: control.Completed} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.runWith(t, runner.Options{Evidence: w.db, WatchEvery: time.Hour})
			p := strings.Replace(watchedPlan(on, 0), `"50ms"`, `"1h"`, 1)
			r := w.complete(t, p)
			o, err := json.Marshal(gate.Observation{
				At: time.Now().UTC(), Environment: r.Environment, Flag: r.Flag, Arm: gate.Treatment, Unit: "hurt", Build: r.Build,
				Signal: "safety_pass_rate", Pass: new(false), Severity: gate.Critical,
			})
			check(t, err)
			check(t, w.db.AppendEvidence(t.Context(), time.Now(), []control.EvidenceBatch{{Release: r.ID, Lines: append(o, '\n')}}))
			end := w.until(t, r.ID, false, func(now control.ReleaseView) bool { return len(now.Watch.Alarms) > 0 })
			diff(t, "state", want, end.State)
			in := w.incidents(t)[0]
			diff(t, "incident", []string{control.IncidentCritical, drift.CriticalEvents}, []string{in.Kind, in.Signal})
			if want == control.RolledBack {
				diff(t, "reason", gate.CriticalEvent, end.Verdict.Reason)
			}
		})
	}
}

// TestWatchGoesOn ends a runner in the middle of a drift: another goes on from
// the evidence, and both are what a replay of it gives.
func TestWatchGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, stop := w.watching(t)
	r := w.complete(t, watchedPlan(gate.OnDriftIncident, 0))
	at := r.Watch.Since.Add(2 * window)
	for i := range 20 {
		w.outcomes(t, r, at.Add(time.Duration(i)*2*window), gate.Treatment, 10, i%3 > 0)
	}
	want := w.replay(t, r)
	diff(t, "live", want, awaitWatch(t, first, r.ID, want[0].Build.Cases).Findings)
	stop()
	second, _ := w.watching(t)
	diff(t, "after a restart", want, awaitWatch(t, second, r.ID, want[0].Build.Cases).Findings)
}

// replay makes the findings again from what is stored.
func (w *world) replay(t *testing.T, r control.ReleaseView) []drift.Finding {
	t.Helper()
	stored, err := w.WatchedRelease(t.Context(), control.Engine(), r.ID)
	check(t, err)
	watch := drift.NewWatch(r.Plan.PolicyAt(r.Milestone), stored.Reference, r.Builds(), r.Watch.Since, nil)
	batches, err := w.db.Evidence(t.Context(), r.ID, 0, 10_000)
	check(t, err)
	for _, b := range batches {
		for line := range bytes.Lines(b.Lines) {
			watch.Add(line, b.ReceivedAt)
		}
	}
	return watch.Findings()
}

// awaitWatch returns the first status of so many cases.
func awaitWatch(t *testing.T, live *runner.Runner, id string, cases int64) control.WatchStatus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		if s, ok := live.Watch(id); ok && s.Findings[0].Build.Cases == cases {
			return s
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond): // nothing tells of a watch that finds nothing
		}
	}
	t.Fatalf("release %s was not watched so far", id)
	return control.WatchStatus{}
}

// TestResolved watches anew once an incident was dealt with.
func TestResolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.watching(t)
	r := w.complete(t, watchedPlan(gate.OnDriftIncident, 0))
	w.drifts(t, r, []string{gate.Treatment}, func(now control.ReleaseView) bool { return len(now.Watch.Alarms) > 0 })
	_, err := w.ResolveIncident(t.Context(), root, w.incidents(t)[0].ID, "the index is back")
	check(t, err)
	changed := w.db.Changed()
	for len(w.read(t, r.ID).Watch.Alarms) > 0 {
		<-changed
		changed = w.db.Changed()
	}
	w.drifts(t, r, []string{gate.Treatment}, func(now control.ReleaseView) bool { return len(now.Watch.Alarms) > 0 })
	if n := len(w.incidents(t)); n != 2 {
		t.Errorf("%d incidents, want 2", n)
	}
}

// TestPinEnds cuts what a rollback had pinned once its time is over.
func TestPinEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.watching(t)
	w.watching(t)
	r := w.start(t, flagName, strings.Replace(plan, `"evidence": {`, `"in_flight": {"on_rollback": "pin", "for": "100ms"}, "evidence": {`, 1))
	w.submit(t, r, 200, false)
	w.until(t, r.ID, false, closed)
	end := w.until(t, r.ID, false, func(r control.ReleaseView) bool { return !r.Open() && r.Pin == nil })
	if end.State != control.RolledBack || end.Rev < 3 {
		t.Errorf("%s at revision %d", end.State, end.Rev)
	}
}
