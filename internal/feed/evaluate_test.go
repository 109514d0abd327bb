package feed

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// onOrOff says what a flag is.
var onOrOff = &Form{Append: func(b []byte, f *eval.Flag, d *eval.Decision) []byte {
	return fmt.Appendf(b, "%s %v", f.Name, d.Variant.FeatureEnabled)
}}

// decided lists what a view answers for a context.
func decided(v *View, c *eval.Context) []string {
	return strings.Split(string(v.Append(nil, onOrOff, c, true)), ",")
}

// decidedOne is decided for one flag.
func decidedOne(v *View, name string, c *eval.Context) string {
	out, found := v.AppendOne(nil, onOrOff, name, c)
	if !found {
		return "none"
	}
	return string(out)
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
	if got := string(view.Append([]byte("["), onOrOff, nil, false)); got != "[c true" {
		t.Errorf("of flags that are on: %s", got)
	}
	if got := decidedOne(view, "a", &eval.Context{UserID: "u"}); got != "a true" {
		t.Errorf("a alone: %s", got)
	}
	if got := decidedOne(view, "child", nil); got != "none" {
		t.Errorf("of a flag that the scope does not see: %s", got)
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
	if got := decidedOne(env.Snapshot(Scope{Projects: []string{"p"}}), "a", &eval.Context{UserID: "v"}); got != "a true" {
		t.Errorf("after the segment's change: %s", got)
	}
	if got := decidedOne(view, "a", &eval.Context{UserID: "v"}); got != "a false" {
		t.Errorf("a view changed: %s", got)
	}
}

// TestAnswersKept has a form write each answer of a flag once, and those of a
// flag with very many variants all the same.
func TestAnswersKept(t *testing.T) {
	t.Parallel()
	const variants = 2 * maxAnswers
	written := 0
	form := &Form{Append: func(b []byte, _ *eval.Flag, d *eval.Decision) []byte {
		written++
		return append(append(b, d.Variant.Name...), d.Variant.Payload.Value...)
	}}
	var f decoded
	for range 3 {
		for i := range variants {
			d := eval.Decision{Variant: eval.Variant{Name: "same", Payload: payloads[i]}}
			if got, want := string(f.append(nil, form, &d)), "same"+payloads[i].Value; got != want {
				t.Fatalf("variant %d: %s, want %s", i, got, want)
			}
		}
	}
	if want := variants + 2*(variants-maxAnswers); written != want {
		t.Errorf("%d answers were written, want %d", written, want)
	}
}

var payloads = func() (all [2 * maxAnswers]*eval.Payload) {
	for i := range all {
		all[i] = &eval.Payload{Type: "string", Value: strconv.Itoa(i)}
	}
	return all
}()

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
