package feed

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// follower is a client: it holds a document and the revision of it, and stays
// with neither a connection nor a replica.
type follower struct {
	scope Scope
	env   *Env // of the replica that it reads
	sub   *Subscription
	seq   int64
	held  document
}

// canceled is the context of a reader that takes what is ready and does not
// wait.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestFold is the law of this package: whatever a client was sent, over
// whichever connections and replicas and however far it fell behind, what it
// has folded to revision n is the snapshot at n.
func TestFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		for id := 1; id <= 3; id++ {
			w.putSegment(seg(id, "a"))
		}
		var hubs [2]*Hub
		var envs [2]*Env
		for i := range hubs {
			hubs[i], envs[i] = w.hub(t)
			hubs[i].limits = limits{revisions: 2}
		}
		clients := []*follower{
			{scope: Scope{All: true}},
			{scope: Scope{Projects: []string{"p", "q"}}},
			{scope: Scope{Projects: []string{"q"}}},
			{scope: Scope{All: true, Prefix: "b"}},
		}
		take := func(rt *rapid.T, c *follower, m Message) {
			c.held.fold(rt, m.Data)
			c.seq = m.Seq
			equal(rt, fmt.Sprintf("what a client of %+v holds at %d", c.scope, m.Seq), c.held, w.at(m.Seq, c.scope))
		}
		current := func(rt *rapid.T, c *follower) {
			equal(rt, fmt.Sprintf("what a client of %+v holds after reading all", c.scope), c.held, c.env.Snapshot(c.scope).decode(rt))
		}
		client := func(rt *rapid.T) *follower { return rapid.SampledFrom(clients).Draw(rt, "client") }
		replica := rapid.IntRange(0, 1)
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				w.put(simple(
					rapid.SampledFrom([]string{"p", "q", "r"}).Draw(rt, "project"),
					rapid.SampledFrom([]string{"a", "b1", "b2"}).Draw(rt, "flag"),
					rapid.SampledFrom([]string{"", "x"}).Draw(rt, "description"),
					rapid.SliceOfNDistinct(rapid.IntRange(1, 3), 0, 2, rapid.ID[int]).Draw(rt, "segments")...,
				))
			},
			"remove": func(rt *rapid.T) { w.remove(rapid.SampledFrom([]string{"a", "b1", "b2"}).Draw(rt, "flag")) },
			"segment": func(rt *rapid.T) {
				w.putSegment(seg(rapid.IntRange(1, 3).Draw(rt, "id"), rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "value")))
			},
			"follow": func(rt *rapid.T) { sync1(t, hubs[replica.Draw(rt, "replica")]) },
			"connect": func(rt *rapid.T) {
				c := client(rt)
				if c.sub != nil {
					c.sub.Close()
				}
				c.env = envs[replica.Draw(rt, "replica")]
				c.sub = c.env.Subscribe(t.Context(), c.scope, c.seq)
			},
			"disconnect": func(rt *rapid.T) {
				if c := client(rt); c.sub != nil {
					c.sub.Close()
					c.sub = nil
				}
			},
			"read": func(rt *rapid.T) {
				c := client(rt)
				for c.sub != nil {
					m, err := c.sub.Next(canceled())
					if err != nil {
						current(rt, c)
						break
					}
					take(rt, c, m)
				}
			},
			"read one": func(rt *rapid.T) {
				if c := client(rt); c.sub != nil {
					if m, err := c.sub.Next(canceled()); err == nil {
						take(rt, c, m)
					}
				}
			},
			"poll": func(rt *rapid.T) {
				c := client(rt)
				if c.sub != nil {
					return
				}
				c.env = envs[replica.Draw(rt, "replica")]
				if m, ok := c.env.Delta(t.Context(), c.scope, c.seq); ok {
					take(rt, c, m)
				}
				current(rt, c)
			},
			"": func(rt *rapid.T) {
				for i, env := range envs {
					for _, c := range clients {
						v := env.Snapshot(c.scope)
						equal(rt, fmt.Sprintf("the view of replica %d", i), v.decode(rt), w.at(v.Seq, c.scope))
					}
				}
			},
		})
		for _, c := range clients {
			if c.sub != nil {
				c.sub.Close()
			}
		}
	})
}
