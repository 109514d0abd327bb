package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// pinning is a release that a regression rolled back at 50 %.
func pinning(t *testing.T, w *world) control.ReleaseView {
	t.Helper()
	r := w.apply(t, w.apply(t, w.started(t), gate.Promote, gate.AllPass), gate.Rollback, "P6_REGRESSION:evidence_coverage")
	if r.State != control.RolledBack || r.Pin == nil || r.Pin.Percent != 50 || !r.Pin.Until.Equal(w.now().Add(30*time.Minute)) {
		t.Fatalf("%s, pin %+v", r.State, r.Pin)
	}
	return r
}

// serves asks as an SDK does, for users of both arms.
func (w *world) serves(t *testing.T, r control.ReleaseView, began, now time.Time) (treated, others bool) {
	t.Helper()
	set, warnings := eval.Compile(eval.Snapshot{Features: []eval.Flag{w.servedFlag(t, production)}})
	if len(warnings) > 0 {
		t.Fatalf("warnings %v", warnings)
	}
	user := func(arm string) string {
		for i := range 1000 {
			if id := string(rune('a'+i%26)) + time.Duration(i).String(); eval.ArmOf(r.ID, id, 50) == arm {
				return id
			}
		}
		t.Fatalf("nobody is in %s", arm)
		return ""
	}
	ask := func(arm string) bool {
		c := eval.Context{UserID: user(arm), CurrentTime: now, Properties: map[string]string{}}
		if !began.IsZero() {
			c.Properties[control.ConversationStarted] = began.Format(time.RFC3339)
		}
		on, _ := set.Bool(production.Flag, &c)
		if _, assigned := set.Assign(production.Flag, &c); assigned {
			t.Error("a conversation that is pinned is evidence")
		}
		return on
	}
	return ask(eval.Treatment), ask(eval.Control)
}

// TestPin lets those who were treated finish what they had begun, and nobody
// else.
func TestPin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := pinning(t, w)
	for name, tc := range map[string]struct {
		began, now time.Duration // from the rollback on; began 0: unknown
		want       bool
	}{
		"a conversation from before":        {-time.Minute, time.Minute, true},
		"one that began since":              {time.Second, time.Minute, false},
		"one that does not say":             {0, time.Minute, false},
		"one that takes longer than it may": {-time.Minute, 31 * time.Minute, false},
	} {
		began := time.Time{}
		if tc.began != 0 {
			began = w.now().Add(tc.began)
		}
		if treated, others := w.serves(t, r, began, w.now().Add(tc.now)); treated != tc.want || others {
			t.Errorf("%s: treated %v, others %v, want %v and false", name, treated, others, tc.want)
		}
	}
}

// TestCut ends a pin in each way there is.
func TestCut(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(t *testing.T, w *world, r control.ReleaseView){
		"by its time": func(t *testing.T, w *world, r control.ReleaseView) {
			if _, err := w.Unpin(t.Context(), control.Engine(), r.ID); code(err) != "not_due" {
				t.Errorf("at once: %v", err)
			}
			w.pass(30 * time.Minute)
			must(w.Unpin(t.Context(), control.Engine(), r.ID))(t)
		},
		"by a person": func(t *testing.T, w *world, r control.ReleaseView) {
			must(w.RollbackRelease(t.Context(), root, r.ID, "now"))(t)
		},
		"by switching the flag off": func(t *testing.T, w *world, _ control.ReleaseView) {
			must(w.SetEnabled(t.Context(), root, production, false))(t)
		},
		"by killing it": func(t *testing.T, w *world, _ control.ReleaseView) {
			must(w.KillFlag(t.Context(), root, production.Flag))(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := w.servedFlag(t, production)
			r := pinning(t, w)
			from := w.head(t).Size
			cut(t, w, r)
			diff(t, "served", before, w.servedFlag(t, production))
			diff(t, "records", []string{"release.unpin"}, types(w.since(t, from)))
			w.accounted(t, w.since(t, from))
			if after := must(w.Release(t.Context(), root, r.ID))(t); after.Pin != nil || after.State != control.RolledBack || after.ServedFrom != w.head(t).Size {
				t.Errorf("%s, pin %+v", after.State, after.Pin)
			}
		})
	}
}

// TestNextReleaseCuts serves nobody the build of a release before.
func TestNextReleaseCuts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := pinning(t, w)
	next := starting()
	next.Build = "b3"
	must(w.StartRelease(t.Context(), root, next))(t)
	if after := must(w.Release(t.Context(), root, r.ID))(t); after.Pin != nil {
		t.Errorf("pin %+v", after.Pin)
	}
	if left := must(w.ServingReleases(t.Context(), control.Engine()))(t); len(left) != 0 {
		t.Errorf("still served: %+v", left)
	}
}
