package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/store"
)

// several starts a release of two flags: green in default, and its service's.
func (w *world) several(t *testing.T) control.ReleaseView {
	t.Helper()
	return w.severalBy(t, plan())
}

// severalBy is several by a plan.
func (w *world) severalBy(t *testing.T, p gate.Plan) control.ReleaseView {
	t.Helper()
	must(w.CreateFlag(t.Context(), root, control.Flag{Name: "green-service", Project: "default"}))(t)
	r := must(w.StartRelease(t.Context(), root, control.StartRelease{
		Flag: "green-flag", Environment: "production", Build: "b2", Control: "b1", Plan: p,
		With: []control.StartTarget{{Flag: "green-service", Build: "s2", Control: "s1"}},
	}))(t)
	return must(w.Release(t.Context(), root, r.ID))(t)
}

func greenRef(flag string) control.Ref {
	return control.Ref{Project: "default", Flag: flag, Environment: "production"}
}

// TestSeveralFlags moves two flags together: in the same arm, and both on at the
// end.
func TestSeveralFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.several(t)
	for flag, build := range map[string]string{"green-flag": "b2", "green-service": "s2"} {
		served := w.servedFlag(t, greenRef(flag)).Strategies[0].Parameters
		diff(t, flag, []string{"10", r.ID, build}, []string{served["rollout"], served["groupId"], served["build"]})
		diff(t, "release of "+flag, r.ID, must(w.Flag(t.Context(), root, "", flag))(t).Releases["production"])
	}
	_, err := w.StartRelease(t.Context(), root, control.StartRelease{Flag: "green-service", Environment: "production", Build: "s3", Plan: plan()})
	diff(t, "another", "release_running", code(err))

	for range 2 {
		r = w.apply(t, r, gate.Promote, gate.AllPass)
	}
	diff(t, "state", control.Completed, r.State)
	for _, flag := range []string{"green-flag", "green-service"} {
		served := w.servedFlag(t, greenRef(flag))
		diff(t, flag, "100", served.Strategies[0].Parameters["rollout"])
	}
}

// TestRollbackOne rolls one of two flags back: it alone, and its build is
// latched.
func TestRollbackOne(t *testing.T) {
	t.Parallel()
	for name, rollBack := range map[string]func(*testing.T, *world, string){
		"by name": func(t *testing.T, w *world, id string) {
			must(w.RollbackTargets(t.Context(), root, id, []string{"green-service"}, "errors"))(t)
		},
		"switched off": func(t *testing.T, w *world, _ string) {
			must(w.SetEnabled(t.Context(), root, greenRef("green-service"), false))(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.several(t)
			from := w.head(t).Size
			rollBack(t, w, r.ID)
			w.accounted(t, w.since(t, from))
			diff(t, "records", []string{"release.target.rollback"}, types(w.since(t, from)))
			now := must(w.Release(t.Context(), root, r.ID))(t)
			if gone := now.With[0].Withdrawn; gone == nil || gone.By != root.ID || now.Withdrawn != nil || now.State != control.Running {
				t.Errorf("after it: %+v", now.Release)
			}
			diff(t, "served of it", false, w.servedFlag(t, greenRef("green-service")).Enabled)
			diff(t, "served of the other", "10", w.servedFlag(t, greenRef("green-flag")).Strategies[0].Parameters["rollout"])
			diff(t, "builds", map[string]string{"green-flag": "b2"}, now.Builds())
			again := control.StartRelease{Flag: "green-service", Environment: "production", Build: "s2", Plan: plan()}
			_, err := w.StartRelease(t.Context(), root, again)
			diff(t, "the same build", "build_latched", code(err))

			must(w.RollbackTargets(t.Context(), root, r.ID, []string{"green-service"}, "again"))(t)
			diff(t, "records", []string{"release.target.rollback"}, types(w.since(t, from)))
			end := must(w.RollbackTargets(t.Context(), root, r.ID, []string{"green-flag"}, "that too"))(t)
			diff(t, "with the last", control.RolledBack, end.State)
		})
	}
}

func TestSeveralRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.several(t)
	_, err := w.RollbackTargets(t.Context(), root, r.ID, []string{"blue-flag"}, "")
	wantErr(t, err, control.Invalid, "flags[0]")
	_, err = w.RollbackTargets(t.Context(), may(blue, control.PermRead, control.PermReleaseStop), r.ID, []string{"green-flag"}, "")
	wantErr(t, err, control.NotFound, "")
	start := func(with ...control.StartTarget) error {
		in := starting()
		in.With = with
		_, err := w.StartRelease(t.Context(), root, in)
		return err
	}
	wantErr(t, start(control.StartTarget{Flag: "blue-flag", Build: "x"}), control.Invalid, "with[0].flag")
	wantErr(t, start(control.StartTarget{Flag: "green-flag"}), control.Invalid, "with[0].build")
	wantErr(t, start(control.StartTarget{Flag: "green-flag", Build: "x", Control: "x"}), control.Invalid, "with[0].control")
	wantErr(t, start(control.StartTarget{Flag: "none", Build: "x"}), control.NotFound, "with[0].flag")
	diff(t, "open", 1, len(must(w.Releases(t.Context(), root, true))(t)))
}

// TestSalt keeps what units are hashed with over milestones, pauses and a
// restart of the server.
func TestSalt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	salt := func(w *world) string { return w.servedFlag(t, production).Strategies[0].Parameters["groupId"] }
	diff(t, "at the start", r.ID, salt(w))
	must(w.PauseRelease(t.Context(), root, r.ID, ""))(t)
	must(w.ResumeRelease(t.Context(), root, r.ID, ""))(t)
	w.apply(t, must(w.Release(t.Context(), root, r.ID))(t), gate.Promote, gate.AllPass)
	check(t, w.db.Close())

	db, err := store.Open(t.Context(), store.Options{Dir: w.dir, Now: w.now})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	again := &world{Service: control.New(control.Options{Store: db, Now: w.now, Origin: "test"}), db: db, clock: w.clock}
	diff(t, "after a restart", r.ID, salt(again))
	diff(t, "percent", 50, must(again.Release(t.Context(), root, r.ID))(t).Percent())
}
