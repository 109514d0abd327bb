package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/drift"
	"github.com/lockflight/lockflight/sdk/eval"
)

const safety = "safety_pass_rate"

// completed starts a release by a policy with a holdback and takes it to 100 %.
func completed(t *testing.T, w *world, holdback int) control.ReleaseView {
	t.Helper()
	in := starting()
	in.Plan.Policy.Drift.Holdback, in.Plan.Policy.Drift.OnDrift = holdback, gate.OnDriftFallback
	started := must(w.StartRelease(t.Context(), root, in))(t)
	return w.watchedOf(t, must(w.Release(t.Context(), root, started.ID))(t))
}

// watchedOf takes a release to 100 %, on evidence of which .96 passes.
func (w *world) watchedOf(t *testing.T, r control.ReleaseView) control.ReleaseView {
	t.Helper()
	for range 2 {
		e := w.decided(r, gate.Promote, gate.AllPass)
		arm := func() *gate.Arm { return &gate.Arm{N: new(gate.Count(1000)), K: new(gate.Count(960))} }
		e.Snapshot.Signals = map[string]gate.Measure{safety: {Treatment: arm(), Control: arm()}}
		e.Snapshot.Exposures.Step = &gate.ArmCounts{Treatment: 1000, Control: 1000}
		e.Snapshot.Window.To = w.now()
		r = must(w.Apply(t.Context(), control.Engine(), e))(t)
	}
	return r
}

// found is what a runner reports of the signal.
func found(r control.ReleaseView, action drift.Action) control.WatchReport {
	return control.WatchReport{
		Release: r.ID, Rev: r.Rev, State: drift.State{After: 7},
		Findings: []drift.Finding{{Signal: safety, Acts: true, Action: action, Build: drift.Reading{Value: 2, Threshold: 1}}},
	}
}

func TestCompletionBeginsAWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := completed(t, w, 5)
	watched := must(w.WatchedRelease(t.Context(), control.Engine(), r.ID))(t)
	if !r.Watched() || r.Percent() != 95 || len(watched.Reference.Signals) != 1 || watched.State != nil {
		t.Fatalf("completed at %d %% as %+v, reference %+v", r.Percent(), r.Watch, watched.Reference)
	}
	if ref := watched.Reference.Signals[0]; ref.Control == nil || ref.Treatment.P0 < 0.93 || watched.Reference.CasesPerDay != 48_000 {
		t.Errorf("reference %+v", watched.Reference)
	}
	diff(t, "served", eval.Strategy{
		Name: "flexibleRollout", Constraints: []eval.Constraint{},
		Parameters: eval.Parameters{"rollout": "95", "stickiness": "userId", "groupId": r.ID, "release": r.ID, "build": "b2"},
	}, w.servedFlag(t, production).Strategies[0])
	listed := must(w.ServingReleases(t.Context(), control.Engine()))(t)
	if len(listed) != 1 || listed[0].ID != r.ID {
		t.Errorf("watched: %+v", listed)
	}
}

// TestReconfiguringEndsAWatch serves everyone what the flag's configuration says.
func TestReconfiguringEndsAWatch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		do func(t *testing.T, w *world)
		on bool
	}{
		"switched off": {func(t *testing.T, w *world) { must(w.SetEnabled(t.Context(), root, production, false))(t) }, false},
		"killed":       {func(t *testing.T, w *world) { must(w.KillFlag(t.Context(), root, production.Flag))(t) }, false},
		"edited":       {func(t *testing.T, w *world) { must(w.AddStrategy(t.Context(), root, production, rollout("10")))(t) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := completed(t, w, 5)
			from := w.head(t).Size
			tc.do(t, w)
			after := must(w.Release(t.Context(), root, r.ID))(t)
			if after.Watched() || after.State != control.Completed || after.Watch.Ended == "" || after.Percent() != 100 {
				t.Errorf("%s at %d %%, watch %+v", after.State, after.Percent(), after.Watch)
			}
			w.accounted(t, w.since(t, from))
			got := w.servedFlag(t, production)
			if got.Enabled != tc.on || got.Enabled && got.Strategies[0].Parameters["rollout"] != "100" {
				t.Errorf("served %+v", got)
			}
			_, err := w.ReportWatch(t.Context(), control.Engine(), found(after, drift.FallBack))
			wantErr(t, err, control.Conflict, "")
		})
	}
}

// TestDriftIncident opens one incident, tells what is done by now, and starts
// anew once a person has dealt with it.
func TestDriftIncident(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	r := completed(t, w, 5)
	from := w.head(t).Size
	r = must(w.ReportWatch(ctx, control.Engine(), found(r, drift.Await)))(t)
	diff(t, "records", []string{"incident.opened", "release.watch"}, types(w.since(t, from)))
	_, err := w.ReportWatch(ctx, control.Engine(), found(control.ReleaseView{Release: r.Release, Rev: r.Rev - 1}, drift.Await))
	wantErr(t, err, control.Conflict, "")

	r = must(w.ReportWatch(ctx, control.Engine(), found(r, drift.ControlDrifts)))(t)
	diff(t, "records", []string{"incident.opened", "release.watch", "incident.updated", "release.watch"}, types(w.since(t, from)))
	w.accounted(t, w.since(t, from))
	open := must(w.Incidents(ctx, root, true))(t)
	if len(open) != 1 || open[0].Signal != safety || open[0].Action != drift.ControlDrifts || open[0].Release != r.ID {
		t.Fatalf("incidents %+v", open)
	}
	if !r.Watched() || r.Percent() != 95 {
		t.Errorf("the control drifts too, and it is %s at %d %%", r.State, r.Percent())
	}

	nobody := control.Principal{Kind: control.KindHuman, ID: "u_none"}
	_, err = w.ResolveIncident(ctx, nobody, open[0].ID, "")
	wantErr(t, err, control.NotFound, "incident")
	in := must(w.ResolveIncident(ctx, root, open[0].ID, "the provider moved back"))(t)
	diff(t, "resolved again", in, must(w.ResolveIncident(ctx, root, in.ID, "twice"))(t))
	if left := must(w.Incidents(ctx, root, true))(t); len(left) != 0 || in.ResolvedBy != root.ID {
		t.Errorf("left open %+v, resolved %+v", left, in)
	}
	r = must(w.Release(ctx, root, r.ID))(t)
	if !r.Watch.Alarms[safety].Resolved {
		t.Errorf("alarms %+v", r.Watch.Alarms)
	}
	quiet := found(r, "")
	r = must(w.ReportWatch(ctx, control.Engine(), quiet))(t)
	must(w.ReportWatch(ctx, control.Engine(), found(r, drift.Report)))(t)
	if again := must(w.Incidents(ctx, root, true))(t); len(again) != 1 || again[0].ID == in.ID {
		t.Errorf("of the next alarm: %+v", again)
	}
}

// TestFallBack makes the flag what it was before the release, to the byte, and
// latches the build.
func TestFallBack(t *testing.T) {
	t.Parallel()
	for name, fall := range map[string]func(t *testing.T, w *world, r control.ReleaseView) control.ReleaseView{
		"by the watch": func(t *testing.T, w *world, r control.ReleaseView) control.ReleaseView {
			return must(w.ReportWatch(t.Context(), control.Engine(), found(r, drift.FallBack)))(t)
		},
		"by a person": func(t *testing.T, w *world, r control.ReleaseView) control.ReleaseView {
			return must(w.RollbackRelease(t.Context(), root, r.ID, "it smells"))(t)
		},
	} {
		for _, configured := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				if configured {
					aStrategy(t, w)
					must(w.SetEnabled(t.Context(), root, production, true))(t)
				}
				config, served := w.configuration(t, production), w.servedFlag(t, production)
				r := completed(t, w, 5)
				w.pass(time.Hour)
				from := w.head(t).Size
				r = fall(t, w, r)
				if r.State != control.RolledBack || r.Watched() || r.Percent() != 0 || !r.EndedAt.Equal(w.now()) || r.ServedFrom != w.head(t).Size {
					t.Errorf("fell back as %s at %d %%, watch %+v", r.State, r.Percent(), r.Watch)
				}
				if configured {
					diff(t, "configuration", config, w.configuration(t, production))
				}
				diff(t, "served", served, w.servedFlag(t, production))
				w.accounted(t, w.since(t, from))
				_, err := w.StartRelease(t.Context(), root, starting())
				if code(err) != "build_latched" {
					t.Errorf("the build again: %v", err)
				}
			})
		}
	}
}
