package edge

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestFold is the law of an edge: whatever it was sent, in hydrations and in
// changes, and whenever its hub has looked, it serves what its upstream had at
// the sequence number that it names.
func TestFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		e, f := newEdge(t, "http://plane.example")
		upstream := map[string]string{} // descriptions by name
		seq := int64(1)
		apply := func(rt *rapid.T, d eval.Delta) {
			if err := f.apply(seq, d); err != nil {
				rt.Fatalf("at %d: %v", seq, err)
			}
		}
		whole := func() eval.Delta {
			d := hydration(seq)
			for name, description := range upstream {
				d.Events[0].Features = append(d.Events[0].Features, eval.Flag{Name: name, Project: "p", Description: description})
			}
			return d
		}
		apply(rt, whole())
		names := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		put := func(rt *rapid.T) string {
			name := names.Draw(rt, "flag")
			seq++
			upstream[name] = strconv.FormatInt(seq, 10)
			return name
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				name := put(rt)
				apply(rt, updated(seq, name, upstream[name]))
			},
			"remove": func(rt *rapid.T) {
				name := names.Draw(rt, "flag")
				seq++
				delete(upstream, name)
				apply(rt, removed(seq, name))
			},
			"miss some and hydrate": func(rt *rapid.T) {
				put(rt)
				delete(upstream, put(rt))
				apply(rt, whole())
			},
			"look": func(rt *rapid.T) {
				if err := f.hub.Sync(t.Context()); err != nil {
					rt.Fatal(err)
				}
				env, err := e.Of(t.Context(), control.Token{Environment: "production", Projects: []string{"p"}})
				if err != nil {
					rt.Fatal(err)
				}
				view, got := env.Snapshot(feed.Scope{All: true}), map[string]string{}
				view.Append(nil, &feed.Form{Append: func(b []byte, f *eval.Flag, _ *eval.Decision) []byte {
					got[f.Name] = f.Description
					return b
				}}, nil, true)
				if diff := cmp.Diff(upstream, got); diff != "" {
					rt.Fatalf("at %d (-upstream +edge):\n%s", view.Seq, diff)
				}
			},
		})
	})
}
