package control_test

import (
	"strconv"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestPlaygroundAgrees compares what the playground says of a flag, beside a
// release too, with what clients compute from what they are served.
func TestPlaygroundAgrees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.started(t)
	must(w.SetEnabled(t.Context(), root, control.Ref{Project: "default", Flag: "green-flag", Environment: "production"}, true))(t)
	q := control.Playground{Environments: []string{"production"}}
	for i := range 50 {
		q.Contexts = append(q.Contexts, eval.Context{UserID: "u" + strconv.Itoa(i), AppName: "shop"})
	}
	found := must(w.Playground(t.Context(), root, q))(t)
	served := must(w.Served(t.Context(), "production"))(t)
	set, _ := eval.Compile(eval.Snapshot{Features: served.Flags, Segments: served.Segments})
	on := map[string]int{}
	for _, f := range found {
		c := q.Contexts[f.Context]
		want, _ := set.Bool(f.Flag, &c)
		if f.Enabled != want || f.Variant.FeatureEnabled != want {
			t.Errorf("%s for %s: %+v, clients say %v", f.Flag, c.UserID, f, want)
		}
		if want {
			on[f.Flag]++
		}
	}
	if len(found) != 100 || on["green-flag"] != 50 || on["blue-flag"] == 0 || on["blue-flag"] == 50 {
		t.Errorf("%d trials, on: %v", len(found), on)
	}
}

func TestPlaygroundBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := control.Playground{Environments: []string{"production"}, Contexts: make([]eval.Context, 10_001)}
	_, err := w.Playground(t.Context(), root, q)
	wantErr(t, err, control.Invalid, "context")
	reader := may(blue, control.PermRead)
	q.Contexts = q.Contexts[:1]
	found := must(w.Playground(t.Context(), reader, q))(t)
	if len(found) != 1 || found[0].Flag != "blue-flag" {
		t.Errorf("a reader of blue sees %+v", found)
	}
	q.Projects = []string{"default"}
	_, err = w.Playground(t.Context(), reader, q)
	wantErr(t, err, control.Invalid, "projects[0]")
}
