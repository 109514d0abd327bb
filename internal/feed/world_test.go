package feed

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// world is a Source in memory that remembers every state it was in.
type world struct {
	mu      sync.Mutex
	touched []touch // one for each event
	history []state // history[n] is the state of n events
	wake    chan struct{}
	err     error // what the next reads return
	reads   int
}

// touch is what one event changed: a flag, or a segment.
type touch struct {
	flag    string
	segment int
}

type state struct {
	flags    map[string]eval.Flag
	segments map[int]eval.Segment
}

func newWorld() *world {
	return &world{history: []state{{map[string]eval.Flag{}, map[int]eval.Segment{}}}, wake: make(chan struct{}, 1)}
}

func (w *world) commit(t touch, change func(state)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.history[len(w.history)-1]
	next := state{maps.Clone(last.flags), maps.Clone(last.segments)}
	change(next)
	w.touched, w.history = append(w.touched, t), append(w.history, next)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *world) put(f eval.Flag) {
	w.commit(touch{flag: f.Name}, func(s state) { s.flags[f.Name] = f })
}

func (w *world) remove(name string) {
	w.commit(touch{flag: name}, func(s state) { delete(s.flags, name) })
}

func (w *world) putSegment(seg eval.Segment) {
	w.commit(touch{segment: seg.ID}, func(s state) { s.segments[seg.ID] = seg })
}

func (w *world) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

func (w *world) seq() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int64(len(w.touched))
}

func (w *world) Served(context.Context, string) (control.Served, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.history[len(w.history)-1]
	return control.Served{
		Seq:      int64(len(w.touched)),
		Flags:    slices.Collect(maps.Values(now.flags)),
		Segments: slices.Collect(maps.Values(now.segments)),
	}, w.err
}

func (w *world) Updates(_ context.Context, after int64, environments []string) (int64, map[string]control.Update, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	now := w.history[len(w.history)-1]
	var u control.Update
	for _, t := range w.touched[after:] {
		f, served := now.flags[t.flag]
		switch {
		case t.segment > 0:
			u.Segments = append(u.Segments, now.segments[t.segment])
		case served:
			u.Flags = append(u.Flags, f)
		default:
			u.Removed = append(u.Removed, eval.Flag{Name: t.flag})
		}
	}
	by := map[string]control.Update{}
	for _, env := range environments {
		by[env] = u
	}
	return int64(len(w.touched)), by, w.err
}

// hub returns a Hub over the world, and its environment.
func (w *world) hub(t testing.TB) (*Hub, *Env) {
	t.Helper()
	h := New(w, func() <-chan struct{} { return w.wake }, slog.New(slog.DiscardHandler))
	env, err := h.Environment(t.Context(), "production")
	if err != nil {
		t.Fatal(err)
	}
	return h, env
}

func sync1(t testing.TB, h *Hub) {
	t.Helper()
	if err := h.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// document is what a client holds: flags and segments by name and id.
type document struct {
	Flags    map[string]eval.Flag
	Segments map[int]eval.Segment
}

// at is the document that a scope sees of the state after n events.
func (w *world) at(n int64, scope Scope) document {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.history[n]
	out := document{map[string]eval.Flag{}, map[int]eval.Segment{}}
	for name, f := range s.flags {
		if !scope.Covers(f.Project, name) {
			continue
		}
		out.Flags[name] = f
		for _, st := range f.Strategies {
			for _, id := range st.Segments {
				if seg, ok := s.segments[id]; ok {
					out.Segments[id] = seg
				}
			}
		}
	}
	return out
}

// fold applies the events of a message as a client does.
func (d *document) fold(t rapid.TB, data []byte) {
	t.Helper()
	var in struct {
		Events []struct {
			Type        string         `json:"type"`
			EventID     int64          `json:"eventId"`
			Features    []eval.Flag    `json:"features"`
			Segments    []eval.Segment `json:"segments"`
			Feature     eval.Flag      `json:"feature"`
			FeatureName string         `json:"featureName"`
			Segment     eval.Segment   `json:"segment"`
			SegmentID   int            `json:"segmentId"`
		} `json:"events"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		t.Fatalf("message %s: %v", data, err)
	}
	for _, e := range in.Events {
		switch e.Type {
		case "hydration":
			*d = document{map[string]eval.Flag{}, map[int]eval.Segment{}}
			for _, f := range e.Features {
				d.Flags[f.Name] = f
			}
			for _, s := range e.Segments {
				d.Segments[s.ID] = s
			}
		case "feature-updated":
			d.Flags[e.Feature.Name] = e.Feature
		case "feature-removed":
			delete(d.Flags, e.FeatureName)
		case "segment-updated":
			d.Segments[e.Segment.ID] = e.Segment
		case "segment-removed":
			delete(d.Segments, e.SegmentID)
		default:
			t.Fatalf("unknown event %q", e.Type)
		}
		d.whole(t)
	}
}

// whole fails where a flag names a segment that the client was not given.
func (d *document) whole(t rapid.TB) {
	t.Helper()
	for name, f := range d.Flags {
		for _, st := range f.Strategies {
			for _, id := range st.Segments {
				if _, ok := d.Segments[id]; !ok {
					t.Fatalf("flag %s came without its segment %d", name, id)
				}
			}
		}
	}
}

func equal(t rapid.TB, what string, got, want document) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s differs (-want +got):\n%s", what, diff)
	}
}

// simple is a flag with one strategy and the segments that it uses.
func simple(project, name, description string, segments ...int) eval.Flag {
	if len(segments) == 0 {
		segments = nil // as it comes back from JSON
	}
	return eval.Flag{
		Name: name, Project: project, Description: description, Type: "release", Enabled: true,
		Strategies: []eval.Strategy{{
			Name: "default", Constraints: []eval.Constraint{}, Parameters: map[string]string{}, Segments: segments,
			Variants: []eval.WeightedVariant{},
		}},
		Variants: []eval.WeightedVariant{},
	}
}

func seg(id int, values ...string) eval.Segment {
	return eval.Segment{ID: id, Name: "s", Constraints: []eval.Constraint{{ContextName: "userId", Operator: "IN", Values: values}}}
}
