package feed

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// decided lists what a view answers for a context.
func decided(v *View, c *eval.Context) []string {
	out := []string{}
	for f, variant := range v.All(c) {
		out = append(out, fmt.Sprint(f.Name, " ", variant.FeatureEnabled))
	}
	return out
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.putSegment(seg(1, "u"))
	w.put(simple("p", "c", ""))
	w.put(simple("p", "a", "", 1))
	off := simple("p", "b", "")
	off.Enabled = false
	w.put(off)
	child := simple("q", "child", "")
	child.Dependencies = []eval.Dependency{{Feature: "c"}}
	w.put(child)
	h, env := w.hub(t)

	view := env.Snapshot(Scope{Projects: []string{"p"}})
	if diff := cmp.Diff([]string{"a true", "b false", "c true"}, decided(view, &eval.Context{UserID: "u"})); diff != "" {
		t.Errorf("for u (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a false", "b false", "c true"}, decided(view, nil)); diff != "" {
		t.Errorf("for nobody (-want +got):\n%s", diff)
	}
	for f := range view.All(nil) {
		if f.Name != "a" {
			t.Errorf("the walk went on to %s after it was stopped", f.Name)
		}
		break
	}
	if f, v, found := view.One("a", &eval.Context{UserID: "u"}); !found || f.Name != "a" || !v.FeatureEnabled {
		t.Errorf("One(a) = %v, %v, %v", f, v, found)
	}
	if _, _, found := view.One("child", nil); found {
		t.Error("One returns what the scope does not see")
	}
	// A flag whose parent the scope does not see is off, as it is in an SDK.
	if diff := cmp.Diff([]string{"child false"}, decided(env.Snapshot(Scope{Projects: []string{"q"}}), nil)); diff != "" {
		t.Errorf("a child alone (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a false", "b false", "c true", "child true"}, decided(env.Snapshot(Scope{All: true}), nil)); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}

	w.putSegment(seg(1, "v"))
	sync1(t, h)
	if _, v, _ := env.Snapshot(Scope{Projects: []string{"p"}}).One("a", &eval.Context{UserID: "v"}); !v.FeatureEnabled {
		t.Error("One(a) does not know of the segment's change")
	}
	if _, v, _ := view.One("a", &eval.Context{UserID: "v"}); v.FeatureEnabled {
		t.Error("a view changed")
	}
}

// TestCompiledOnce proves that a revision is compiled once for a scope, and
// again only for a change that the scope sees.
func TestCompiledOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.put(simple("p", "f", ""))
	h, env := w.hub(t)
	set := func() *eval.Set { return env.Snapshot(Scope{Projects: []string{"p"}}).evaluator().set }
	first := set()
	if set() != first {
		t.Error("a revision was compiled twice")
	}
	w.put(simple("q", "elsewhere", ""))
	sync1(t, h)
	if set() != first {
		t.Error("a change in another project made the scope compile again")
	}
	w.put(simple("p", "f", "changed"))
	sync1(t, h)
	if set() == first {
		t.Error("a change was not compiled")
	}
}
