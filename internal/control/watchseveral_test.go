package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/drift"
)

const (
	lead    = "green-flag"
	service = "green-service"
)

// severalWatched takes a release of two flags to 100 %, where it is watched. The
// first was on for some before, by a strategy of its own; the second is new.
func (w *world) severalWatched(t *testing.T, inFlight string) control.ReleaseView {
	t.Helper()
	must(w.AddStrategy(t.Context(), root, greenRef(lead), rollout("5")))(t)
	must(w.SetEnabled(t.Context(), root, greenRef(lead), true))(t)
	p := plan()
	p.Policy.Drift.Holdback, p.Policy.Drift.OnDrift = 5, gate.OnDriftFallback
	p.Policy.InFlight.OnRollback = inFlight
	return w.watchedOf(t, w.severalBy(t, p))
}

// TestSeveralFallBack serves both flags with one holdback, and makes both what
// they were, whoever asks for it.
func TestSeveralFallBack(t *testing.T) {
	t.Parallel()
	for name, fall := range map[string]func(*testing.T, *world, control.ReleaseView) control.ReleaseView{
		"by the watch": func(t *testing.T, w *world, r control.ReleaseView) control.ReleaseView {
			return must(w.ReportWatch(t.Context(), control.Engine(), found(r, drift.FallBack)))(t)
		},
		"by a person": func(t *testing.T, w *world, r control.ReleaseView) control.ReleaseView {
			return must(w.RollbackRelease(t.Context(), root, r.ID, "it smells"))(t)
		},
		"by all of its flags": func(t *testing.T, w *world, r control.ReleaseView) control.ReleaseView {
			return must(w.RollbackTargets(t.Context(), root, r.ID, []string{lead, service}, "it smells"))(t)
		},
		"one after the other": func(t *testing.T, w *world, r control.ReleaseView) control.ReleaseView {
			must(w.RollbackTargets(t.Context(), root, r.ID, []string{lead}, "it smells"))(t)
			return must(w.RollbackTargets(t.Context(), root, r.ID, []string{service}, "that too"))(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.severalWatched(t, gate.Cut)
			for _, flag := range []string{lead, service} {
				served := w.servedFlag(t, greenRef(flag)).Strategies[0].Parameters
				diff(t, "served of "+flag, []string{"95", r.ID, r.ID, r.Builds()[flag]}, []string{served["rollout"], served["groupId"], served["release"], served["build"]})
			}
			from := w.head(t).Size
			r = fall(t, w, r)
			diff(t, "state", control.RolledBack, r.State)
			if r.Watched() || len(must(w.ServingReleases(t.Context(), control.Engine()))(t)) != 0 {
				t.Errorf("watched as %+v", r.Watch)
			}
			w.accounted(t, w.since(t, from))
			diff(t, "rollout of the first", "5", w.servedFlag(t, greenRef(lead)).Strategies[0].Parameters["rollout"])
			diff(t, "the second is on", false, w.servedFlag(t, greenRef(service)).Enabled)
			for flag, build := range map[string]string{lead: "b2", service: "s2"} {
				_, err := w.StartRelease(t.Context(), root, control.StartRelease{Flag: flag, Environment: "production", Build: build, Plan: plan()})
				diff(t, "again "+flag, "build_latched", code(err))
			}
		})
	}
}

// TestPartOfAWatch goes on for the other flag, in each way in which one leaves.
func TestPartOfAWatch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		leave func(*testing.T, *world, control.ReleaseView, string)
		again string // what becomes of a release of the same build
	}{
		"rolled back": {func(t *testing.T, w *world, r control.ReleaseView, flag string) {
			must(w.RollbackTargets(t.Context(), root, r.ID, []string{flag}, "errors"))(t)
		}, "build_latched"},
		"switched off": {func(t *testing.T, w *world, _ control.ReleaseView, flag string) {
			must(w.SetEnabled(t.Context(), root, greenRef(flag), false))(t)
		}, ""},
	} {
		for left, stays := range map[string]string{lead: service, service: lead} {
			t.Run(name+" "+left, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				r := w.severalWatched(t, gate.Cut)
				from := w.head(t).Size
				tc.leave(t, w, r, left)
				w.accounted(t, w.since(t, from))
				r = must(w.Release(t.Context(), root, r.ID))(t)
				diff(t, "builds", 1, len(r.Builds()))
				diff(t, "served of the other", "95", w.servedFlag(t, greenRef(stays)).Strategies[0].Parameters["rollout"])
				left95 := w.servedFlag(t, greenRef(left))
				if left95.Enabled && left95.Strategies[0].Parameters["release"] != "" {
					t.Errorf("%s is still served the release's: %+v", left, left95)
				}
				_, err := w.StartRelease(t.Context(), root, control.StartRelease{Flag: left, Environment: "production", Build: map[string]string{lead: "b2", service: "s2"}[left], Plan: plan()})
				diff(t, "again", tc.again, code(err))
				before := w.servedFlag(t, greenRef(left))

				end := must(w.ReportWatch(t.Context(), control.Engine(), found(r, drift.FallBack)))(t)
				diff(t, "state", control.RolledBack, end.State)
				diff(t, "what had left is served", before, w.servedFlag(t, greenRef(left)))
				incident := must(w.Incidents(t.Context(), root, true))(t)[0]
				diff(t, "the incident is of", stays, incident.Flag)
			})
		}
	}
}

// TestLeftFlagsRefuse says that a flag which somebody has configured since is not
// the release's to roll back.
func TestLeftFlagsRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.severalWatched(t, gate.Cut)
	must(w.SetEnabled(t.Context(), root, greenRef(service), false))(t)
	_, err := w.RollbackTargets(t.Context(), root, r.ID, []string{service}, "")
	diff(t, "code", "not_watched", code(err))
}

// TestPinOfSeveral lets conversations finish on all flags, since they span them,
// but for one that a person has switched off since.
func TestPinOfSeveral(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.severalWatched(t, gate.Pin)
	must(w.SetEnabled(t.Context(), root, greenRef(service), false))(t)
	r = must(w.Release(t.Context(), root, r.ID))(t)
	r = must(w.ReportWatch(t.Context(), control.Engine(), found(r, drift.FallBack)))(t)
	if r.Pin == nil || r.Pin.Percent != 95 {
		t.Fatalf("pin %+v", r.Pin)
	}
	diff(t, "conditions of the first", 2, len(w.servedFlag(t, greenRef(lead)).Strategies[0].Constraints))
	diff(t, "what was switched off is on", false, w.servedFlag(t, greenRef(service)).Enabled)

	w = newWorld(t)
	p := plan()
	p.Policy.InFlight.OnRollback = gate.Pin
	r = w.apply(t, w.severalBy(t, p), gate.Rollback, "P6_REGRESSION:evidence_coverage")
	for _, flag := range []string{lead, service} {
		diff(t, "conditions of "+flag, 2, len(w.servedFlag(t, greenRef(flag)).Strategies[0].Constraints))
	}
	must(w.SetEnabled(t.Context(), root, greenRef(service), false))(t)
	for _, flag := range []string{lead, service} {
		diff(t, flag+" is on", false, w.servedFlag(t, greenRef(flag)).Enabled)
	}
	diff(t, "pin", true, must(w.Release(t.Context(), root, r.ID))(t).Pin == nil)
}
