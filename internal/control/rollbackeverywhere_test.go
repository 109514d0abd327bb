package control_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/drift"
)

// TestTakenBackWhileOthersWait takes a build back where it serves, also where
// what follows in another's stages waits to begin, or was refused.
func TestTakenBackWhileOthersWait(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]bool{"one is scheduled": false, "one was called off": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := control.StartRelease{Flag: lead, Environment: "production", Build: "b2", Plan: plan()}
			started := must(w.StartRelease(t.Context(), root, in))(t)
			r := w.watchedOf(t, must(w.Release(t.Context(), root, started.ID))(t))
			w.pass(time.Minute)
			p := w.signedIn(t, w.person(t, "owner", control.RoleAdmin))
			other := must(w.StartRelease(t.Context(), p, control.StartRelease{Flag: lead, Build: "b3", Plan: inStages()}))(t)
			next := must(w.Release(t.Context(), root, other.ID))(t)
			for next.Open() {
				next = w.apply(t, next, gate.Promote, gate.AllPass)
			}
			next = must(w.Release(t.Context(), root, next.Next))(t)
			if begin {
				diff(t, "beside one at 100 %", control.Aborted, must(w.BeginRelease(t.Context(), control.Engine(), next.ID, next.Rev))(t).State)
			}

			w.dryThenWet(t, root, control.Rollback{Build: "b2"}, "production green-flag: roll back the release, 100 to 0")
			diff(t, "state", control.RolledBack, must(w.Release(t.Context(), root, r.ID))(t).State)
			diff(t, "served", false, w.servedFlag(t, greenRef(lead)).Enabled)
			_, err := w.StartRelease(t.Context(), root, in)
			if begin {
				diff(t, "again", "build_latched", code(err))
			}
			want := map[bool]control.ReleaseState{false: control.Scheduled, true: control.Aborted}[begin]
			diff(t, "of another build", want, must(w.Release(t.Context(), root, next.ID))(t).State)
		})
	}
}

// TestTakenBackBeforeItBegins calls off what is scheduled, whole, and latches
// nothing: it has served nobody.
func TestTakenBackBeforeItBegins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.CreateFlag(t.Context(), root, control.Flag{Name: service, Project: "default"}))(t)
	r := must(w.StartRelease(t.Context(), root, control.StartRelease{
		Flag: lead, Environment: "production", Build: "b2", Plan: plan(), StartAt: w.now().Add(time.Hour),
		With: []control.StartTarget{{Flag: service, Build: "s2"}},
	}))(t)
	from := w.head(t).Size
	w.dryThenWet(t, root, control.Rollback{Build: "s2", Reason: "it leaks"}, "production green-service: call off the release, 0 to 0")
	diff(t, "records", []string{"rollback.run", "release.abort"}, types(w.since(t, from)))
	now := must(w.Release(t.Context(), root, r.ID))(t)
	diff(t, "state", []any{control.Aborted, "it leaks"}, []any{now.State, now.Note})
	must(w.StartRelease(t.Context(), root, control.StartRelease{Flag: service, Environment: "production", Build: "s2", Plan: plan()}))(t)
}

// TestTakenBackInPart takes one build of several back, wherever its release is,
// and the agent's releases whole.
func TestTakenBackInPart(t *testing.T) {
	t.Parallel()
	for name, release := range map[string]func(*testing.T, *world) control.ReleaseView{
		"running": func(t *testing.T, w *world) control.ReleaseView { return w.several(t) },
		"watched": func(t *testing.T, w *world) control.ReleaseView { return w.severalWatched(t, gate.Cut) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := release(t, w)
			must(w.Rollback(t.Context(), root, control.Rollback{Build: "s2"}))(t)
			now := must(w.Release(t.Context(), root, r.ID))(t)
			diff(t, "builds that are left", map[string]string{lead: "b2"}, now.Builds())
			diff(t, "state", r.State, now.State)
			diff(t, "the service is on", false, w.servedFlag(t, greenRef(service)).Enabled)
			served := w.servedFlag(t, greenRef(lead)).Strategies[0].Parameters
			diff(t, "the other is served", "b2", served["build"])
			must(w.Rollback(t.Context(), root, control.Rollback{Build: "b2"}))(t)
			diff(t, "state", control.RolledBack, must(w.Release(t.Context(), root, r.ID))(t).State)
		})
	}
}

// TestTakenBackIsCut ends what a rollback has left to conversations.
func TestTakenBackIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := pinning(t, w)
	w.dryThenWet(t, root, control.Rollback{Build: "b2"}, "production blue-flag: roll back the release, 50 to 0")
	diff(t, "pin", true, must(w.Release(t.Context(), root, r.ID))(t).Pin == nil)
	again := must(w.PlanRollback(t.Context(), root, control.Rollback{Build: "b2"}))(t)
	diff(t, "a second time", []string{}, outlineSteps(again))
}

// TestNextStageDoesNotBegin whatever takes back the one before it.
func TestNextStageDoesNotBegin(t *testing.T) {
	t.Parallel()
	inDevelopment := control.Ref{Project: "default", Flag: lead, Environment: "development"}
	for name, takeBack := range map[string]func(*testing.T, *world, control.ReleaseView){
		"a fallback": func(t *testing.T, w *world, r control.ReleaseView) {
			must(w.ReportWatch(t.Context(), control.Engine(), found(r, drift.FallBack)))(t)
		},
		"a person's rollback": func(t *testing.T, w *world, r control.ReleaseView) {
			must(w.RollbackRelease(t.Context(), root, r.ID, "it smells"))(t)
		},
		"a rollback of a part": func(t *testing.T, w *world, r control.ReleaseView) {
			must(w.RollbackTargets(t.Context(), root, r.ID, []string{service}, "it smells"))(t)
		},
		"a rollback of the build": func(t *testing.T, w *world, _ control.ReleaseView) {
			must(w.Rollback(t.Context(), root, control.Rollback{Build: "b2"}))(t)
		},
		"a switch": func(t *testing.T, w *world, _ control.ReleaseView) {
			must(w.SetEnabled(t.Context(), root, inDevelopment, false))(t)
		},
		"a kill": func(t *testing.T, w *world, _ control.ReleaseView) {
			must(w.KillFlag(t.Context(), root, service))(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			must(w.CreateFlag(t.Context(), root, control.Flag{Name: service, Project: "default"}))(t)
			p := w.signedIn(t, w.person(t, "owner", control.RoleAdmin))
			started := must(w.StartRelease(t.Context(), p, control.StartRelease{
				Flag: lead, Build: "b2", Control: "b1", Plan: inStages(),
				With: []control.StartTarget{{Flag: service, Build: "s2", Control: "s1"}},
			}))(t)
			r := w.watchedOf(t, must(w.Release(t.Context(), root, started.ID))(t))
			next := must(w.Release(t.Context(), root, r.Next))(t)
			diff(t, "what follows", control.Scheduled, next.State)
			from := w.head(t).Size
			takeBack(t, w, r)
			records := w.since(t, from)
			w.accounted(t, slices.DeleteFunc(records, func(r audit.Record) bool { return r.Type == "rollback.run" }))
			diff(t, "and then", control.Aborted, must(w.Release(t.Context(), root, next.ID))(t).State)
			_, err := w.BeginRelease(t.Context(), control.Engine(), next.ID, next.Rev)
			diff(t, "when it is to begin", "release_moved_on", code(err))
		})
	}
}
