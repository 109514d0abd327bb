package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

// decode reads a view back from its document.
func (v *View) decode(t rapid.TB) document {
	t.Helper()
	var in eval.Snapshot
	if err := json.Unmarshal(v.Features().Body(), &in); err != nil {
		t.Fatal(err)
	}
	out := document{map[string]eval.Flag{}, map[int]eval.Segment{}}
	for _, f := range in.Features {
		out.Flags[f.Name] = f
	}
	for _, s := range in.Segments {
		out.Segments[s.ID] = s
	}
	return out
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.putSegment(seg(1, "a"))
	w.putSegment(seg(2, "unused"))
	w.put(simple("p", "beta", "", 1))
	w.put(simple("q", "alpha", ""))
	_, env := w.hub(t)

	const flag = `{"name":"beta","type":"release","enabled":true,"project":"p","stale":false,"impressionData":false,"variants":[],"description":null,` +
		`"strategies":[{"name":"default","constraints":%s,"parameters":{}%s,"variants":[]}]}`
	view := env.Snapshot(Scope{Projects: []string{"p"}})
	tests := []struct {
		name string
		doc  *Document
		want string
	}{
		{
			"by id", view.Features(),
			`{"version":2,"features":[` + fmt.Sprintf(flag, "[]", `,"segments":[1]`) + `],` +
				`"segments":[{"id":1,"name":"s","constraints":[{"contextName":"userId","operator":"IN","values":["a"]}]}],` +
				`"query":{"environment":"production","project":["p"],"inlineSegmentConstraints":false},"meta":{"revisionId":4,"etag":%s,"queryHash":%q}}`,
		},
		{
			"inlined", view.Inlined(),
			`{"version":2,"features":[` + fmt.Sprintf(flag, `[{"contextName":"userId","operator":"IN","values":["a"]}]`, "") + `],` +
				`"query":{"environment":"production","project":["p"],"inlineSegmentConstraints":true},"meta":{"revisionId":4,"etag":%s,"queryHash":%q}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hash, _, _ := strings.Cut(strings.Trim(tt.doc.ETag(), `"`), ":")
			if want := `"` + hash + `:4:v1"`; tt.doc.ETag() != want {
				t.Errorf("ETag = %s, want %s", tt.doc.ETag(), want)
			}
			want := fmt.Sprintf(tt.want, encode(tt.doc.ETag()), hash)
			if diff := cmp.Diff(want, string(tt.doc.Body())); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
	if a, b := view.Features().ETag(), view.Inlined().ETag(); a == b {
		t.Errorf("both forms have the ETag %s", a)
	}
	if all := env.Snapshot(Scope{All: true}).Features().ETag(); all == view.Features().ETag() {
		t.Errorf("two scopes have the ETag %s", all)
	}
	if _, found := view.Feature("alpha"); found {
		t.Error("Feature returns what the scope does not see")
	}
	if got, found := view.Feature("beta"); !found || !json.Valid(got) {
		t.Errorf("Feature = %s, %v", got, found)
	}
}

func TestInlineMissingSegment(t *testing.T) {
	t.Parallel()
	f := inlineSegments(simple("p", "f", "", 9), nil)
	want := []eval.Constraint{never}
	if diff := cmp.Diff(want, f.Strategies[0].Constraints); diff != "" || f.Strategies[0].Segments != nil {
		t.Errorf("a strategy whose segment is missing (-want +got):\n%s", diff)
	}
}

// TestShared proves that a revision is encoded once, for whoever asks.
func TestShared(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.put(simple("p", "f", "before"))
	h, env := w.hub(t)
	scope := Scope{Projects: []string{"p", "q"}}
	var subs []*Subscription
	for range 100 {
		sub := env.Subscribe(t.Context(), scope, 0)
		defer sub.Close()
		subs = append(subs, sub)
	}
	same := func(what string, a, b []byte) {
		t.Helper()
		if &a[0] != &b[0] || len(a) != len(b) {
			t.Errorf("%s was encoded more than once", what)
		}
	}
	for _, round := range []string{"the hydration", "the update"} {
		first, err := subs[0].Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, sub := range subs[1:] {
			m, err := sub.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			same(round, first.SSE, m.SSE)
		}
		w.put(simple("p", "f", "after"))
		sync1(t, h)
	}
	a, b := env.Snapshot(scope), env.Snapshot(Scope{Projects: []string{"q", "p", "p"}})
	same("the document", a.Features().Body(), b.Features().Body())
	same("the inlined document", a.Inlined().Body(), b.Inlined().Body())
}

func TestMessage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.putSegment(seg(1, "a"))
	w.put(simple("p", "f", ""))
	h, env := w.hub(t)
	sub := env.Subscribe(t.Context(), Scope{All: true}, 2)
	defer sub.Close()
	w.put(simple("p", "f", "", 1))
	w.put(simple("p", "g", ""))
	sync1(t, h)
	w.remove("f")
	sync1(t, h)
	const f = `{"name":%q,"type":"release","enabled":true,"project":"p","stale":false,"impressionData":false,"variants":[],"description":null,` +
		`"strategies":[{"name":"default","constraints":[],"parameters":{}%s,"variants":[]}]}`
	segment := `{"type":"segment-updated","eventId":4,"segment":{"id":1,"name":"s","constraints":[{"contextName":"userId","operator":"IN","values":["a"]}]}}`
	flagF := `{"type":"feature-updated","eventId":4,"feature":` + fmt.Sprintf(f, "f", `,"segments":[1]`) + `}`
	flagG := `{"type":"feature-updated","eventId":4,"feature":` + fmt.Sprintf(f, "g", "") + `}`
	gone := `{"type":"feature-removed","eventId":5,"featureName":"f","project":"p"},{"type":"segment-removed","eventId":5,"segmentId":1}`

	m, err := sub.Next(t.Context())
	want := "id: 5\nevent: unleash-connected\ndata: {\"events\":[" + segment + "," + flagF + "," + flagG + "," + gone + "]}\n\n"
	if diff := cmp.Diff(want, string(m.SSE)); diff != "" || err != nil || m.Seq != 5 {
		t.Errorf("a replay (-want +got):\n%s%v", diff, err)
	}
	w.put(simple("p", "g", "new"))
	sync1(t, h)
	m, err = sub.Next(t.Context())
	want = "id: 6\nevent: unleash-updated\ndata: " + string(m.Data) + "\n\n"
	if diff := cmp.Diff(want, string(m.SSE)); diff != "" || err != nil || !json.Valid(m.Data) {
		t.Errorf("an update (-want +got):\n%s%v", diff, err)
	}
}

func TestDelta(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.put(simple("p", "f", ""))
	h, env := w.hub(t)
	h.limits = limits{revisions: 1}
	p := Scope{Projects: []string{"p"}}
	env.Snapshot(p)
	for _, project := range []string{"p", "other", "p"} {
		w.put(simple(project, "g", strconv.FormatInt(w.seq(), 10)))
		sync1(t, h)
	}
	const none, hydration, updates = "", "hydration", "feature-updated"
	tests := []struct {
		name  string
		after int64
		want  string
	}{
		{"first call", 0, hydration},
		{"no number of ours", -7, hydration},
		{"before the window", 1, hydration},
		{"within the window", 3, updates},
		{"newest", 4, none},
		{"of a log that is gone", 99, hydration},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, ok := env.Delta(t.Context(), p, tt.after)
			if ok != (tt.want != none) || !bytes.Contains(m.Data, []byte(tt.want)) {
				t.Errorf("Delta(%d) = %s, %v, want %q", tt.after, m.Data, ok, tt.want)
			}
		})
	}
	w.put(simple("other", "h", ""))
	sync1(t, h)
	if m, ok := env.Delta(t.Context(), p, 4); ok {
		t.Errorf("a change that the scope does not see made %s", m.Data)
	}
}

// TestAhead is a client that comes from a replica that was faster.
func TestAhead(t *testing.T) {
	t.Parallel()
	w := newWorld()
	_, env := w.hub(t)
	w.put(simple("p", "f", ""))
	m, err := env.Subscribe(t.Context(), Scope{All: true}, 1).Next(t.Context())
	if err != nil || m.Seq != 1 || bytes.Contains(m.Data, []byte("hydration")) {
		t.Errorf("Next = %d %s, %v, want nothing new at 1", m.Seq, m.Data, err)
	}
}

// TestRun follows a source by its wake-ups, without them, and over a failure.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h, env := w.hub(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		sub := env.Subscribe(t.Context(), Scope{All: true}, 0)
		defer sub.Close()
		read := func() Message {
			t.Helper()
			m, err := sub.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		read()
		start := time.Now()
		w.put(simple("p", "f", "woken"))
		if read(); time.Since(start) != 0 {
			t.Errorf("a wake-up took %v", time.Since(start))
		}
		w.fail(errors.New("the store is away"))
		w.put(simple("p", "f", "later"))
		time.Sleep(10 * pollEvery)
		w.fail(nil)
		if m := read(); m.Seq != 2 {
			t.Errorf("after the failure: revision %d, want 2", m.Seq)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestEnvironmentFails(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h, _ := w.hub(t)
	away := errors.New("away")
	w.fail(away)
	if _, err := h.Environment(t.Context(), "other"); !errors.Is(err, away) {
		t.Errorf("Environment = %v, want %v", err, away)
	}
	w.fail(nil)
	if _, err := h.Environment(t.Context(), "other"); err != nil {
		t.Errorf("Environment, once the source is back: %v", err)
	}
}

// TestEvict keeps the number of scopes bounded, and those with subscribers.
func TestEvict(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h, env := w.hub(t)
	followed := Scope{All: true, Prefix: "followed"}
	sub := env.Subscribe(t.Context(), followed, 0)
	defer sub.Close()
	for i := range 3 * maxChannels {
		env.Snapshot(Scope{All: true, Prefix: strconv.Itoa(i)})
	}
	if got := len(env.channels); got != maxChannels {
		t.Errorf("%d channels are held, want %d", got, maxChannels)
	}
	if _, err := sub.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.put(simple("p", "followed", ""))
	sync1(t, h)
	if m, err := sub.Next(t.Context()); err != nil || m.Seq != 1 {
		t.Errorf("the followed scope: %d, %v", m.Seq, err)
	}
}
