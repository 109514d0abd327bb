package edge

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/sdk/eval"
)

const secret = "*:production.secret"

// newEdge returns an edge of an upstream, with a backend token entered.
func newEdge(t *testing.T, upstream string) (*Edge, *follower) {
	t.Helper()
	e, err := New(t.Context(), Options{Upstream: upstream, Tokens: []string{secret}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	e.entered(newPass(control.Token{Type: control.TokenBackend, Projects: []string{control.All}, Environment: "production"}, secret))
	return e, e.covering(scope{"production", []string{control.All}})
}

func hydration(seq int64, names ...string) eval.Delta {
	e := eval.Event{Type: eval.Hydration, EventID: seq, Features: []eval.Flag{}, Segments: []eval.Segment{}}
	for _, name := range names {
		e.Features = append(e.Features, eval.Flag{Name: name, Project: "p"})
	}
	return eval.Delta{Events: []eval.Event{e}}
}

func updated(seq int64, name, description string) eval.Delta {
	return eval.Delta{Events: []eval.Event{{
		Type: eval.FeatureUpdated, EventID: seq, Feature: &eval.Flag{Name: name, Project: "p", Description: description},
	}}}
}

func removed(seq int64, name string) eval.Delta {
	return eval.Delta{Events: []eval.Event{{Type: eval.FeatureRemoved, EventID: seq, FeatureName: name, Project: "p"}}}
}

// TestApply folds what an upstream sends, and refuses what does not fit.
func TestApply(t *testing.T) {
	t.Parallel()
	e, f := newEdge(t, "http://plane.example")
	if err := f.apply(4, updated(4, "a", "")); !errors.Is(err, errNoBase) {
		t.Errorf("a change before there is anything: %v, want %v", err, errNoBase)
	}
	steps := []struct {
		seq   int64
		delta eval.Delta
		older bool
		want  []string
	}{
		{5, hydration(5, "b", "a"), false, []string{"a", "b"}},
		{6, updated(6, "c", ""), false, []string{"a", "b", "c"}},
		{6, removed(6, "c"), false, []string{"a", "b", "c"}}, // what is held already
		{5, removed(5, "a"), true, []string{"a", "b", "c"}},
		{4, hydration(4), true, []string{"a", "b", "c"}},
		{4, hydration(4, "c", "b", "a"), false, []string{"a", "b", "c"}}, // what is held, from a replica that has seen less
		{7, eval.Delta{}, false, []string{"a", "b", "c"}},
		{8, removed(8, "a"), false, []string{"b", "c"}},
		{20, hydration(20, "z"), false, []string{"z"}},
	}
	for _, step := range steps {
		if err := f.apply(step.seq, step.delta); errors.Is(err, errOlder) != step.older || err != nil && !step.older {
			t.Errorf("at %d: %v", step.seq, err)
		}
		if err := f.hub.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		env, err := e.Of(t.Context(), control.Token{Environment: "production", Projects: []string{"p"}})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Split(string(env.Snapshot(feed.Scope{All: true}).Append(nil, names, nil, true)), ",")
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("after %d, flags (-want +got):\n%s", step.seq, diff)
		}
	}
}

// names is a form of a flag's name alone; Append puts a comma between them.
var names = &feed.Form{Append: func(b []byte, f *eval.Flag, _ *eval.Decision) []byte { return append(b, f.Name...) }}

func TestCovers(t *testing.T) {
	t.Parallel()
	all, p, pq := scope{"e", []string{control.All}}, scope{"e", []string{"p"}}, scope{"e", []string{"p", "q"}}
	for _, tt := range []struct {
		a, b scope
		want bool
	}{{all, pq, true}, {pq, p, true}, {p, pq, false}, {p, all, false}, {all, scope{"f", []string{"p"}}, false}} {
		if got := tt.a.covers(tt.b); got != tt.want {
			t.Errorf("%v covers %v: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestSend passes reports on to an upstream that is busy, then broken, then
// well: what it cannot have taken is sent again, and nothing else is.
func TestSend(t *testing.T) {
	t.Parallel()
	var status, requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	e, _ := newEdge(t, server.URL)
	for _, tt := range []struct {
		status, waits int64
		add           bool
	}{
		{http.StatusServiceUnavailable, 1, true},
		{http.StatusTooManyRequests, 1, false},
		{http.StatusAccepted, 0, false},
		{http.StatusInternalServerError, 0, true},
		{http.StatusAccepted, 0, false},
	} {
		status.Store(tt.status)
		if tt.add {
			err := e.AddReports(t.Context(), control.Reports{Usage: []control.Usage{{Flag: "f", Environment: "production", App: "a", Yes: 1}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		e.usage.send(t.Context())
		if got := int64(len(e.usage.queue)); got != tt.waits {
			t.Errorf("after %d, %d requests wait, want %d", tt.status, got, tt.waits)
		}
	}
	if got := requests.Load(); got != 4 {
		t.Errorf("%d requests, want 4", got)
	}
}

// TestQueueIsBounded keeps no more than it has room for.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	e, _ := newEdge(t, "http://plane.example")
	in := control.Reports{Usage: make([]control.Usage, maxRows)}
	for i := range in.Usage {
		in.Usage[i].Environment = "production"
	}
	for range 3 {
		if err := e.AddReports(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if e.usage.rows != maxRows {
		t.Errorf("%d rows wait, want %d", e.usage.rows, maxRows)
	}
}

// TestMaxStale is ready while what is served is young enough.
func TestMaxStale(t *testing.T) {
	t.Parallel()
	e, f := newEdge(t, "http://plane.example")
	e.opts.MaxStale = time.Minute
	if err := e.Ready(t.Context()); err == nil {
		t.Error("ready without data")
	}
	if err := f.apply(5, hydration(5)); err != nil {
		t.Fatal(err)
	}
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("not ready with fresh data: %v", err)
	}
	e.now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	if err := e.Ready(t.Context()); err == nil {
		t.Error("ready with data that is too old")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Upstream: "plane:4242", Tokens: []string{secret}}, {Upstream: "http://plane", Tokens: nil}} {
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("New(%q, %q) gives no error", o.Upstream, o.Tokens)
		}
	}
}
