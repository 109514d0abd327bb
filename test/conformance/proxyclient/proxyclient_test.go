// Package proxyclient asks Unleash's own clients of the frontend API what they
// see of a Lockflight server, and of an edge of it: for many flags and contexts, after a toggle, and
// what of their counts arrives. They are npm packages, which `make test`
// installs, and run unchanged.
package proxyclient

import (
	"testing"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
	"github.com/lockflight/lockflight/test/conformance/node"
	"github.com/lockflight/lockflight/test/conformance/plane"
)

// The size of the world, and how often each thing has to decide in it.
const (
	seed     = 3
	flags    = 100
	contexts = 500
	least    = 50
)

// job is what the scripts are given.
type job struct {
	node.Job
	Post bool `json:"post"` // contexts go in the body, not in the query
}

func TestProxyClients(t *testing.T) {
	t.Parallel()
	world := flaggen.New(seed, flags, contexts)
	p := plane.WithWorld(t, world, least)
	set := p.Compiled(t)
	edge := p.Edge(t)
	for _, tt := range []struct {
		name, script, server string
		post                 bool
	}{
		{"unleash-proxy-client", "client.mjs", p.URL, false},
		{"unleash-proxy-client-post", "client.mjs", p.URL, true},
		{"proxy-client-react", "react.mjs", p.URL, false},
		{"unleash-proxy-client-edge", "client.mjs", edge, false},
		{"unleash-proxy-client-edge-post", "client.mjs", edge, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			toggled := "toggled-by-" + tt.name
			if err := (flaggen.World{Flags: []eval.Flag{{Name: toggled, Type: "release", Enabled: true}}}).Install(t.Context(), p.Server()); err != nil {
				t.Fatal(err)
			}
			c := node.Start(t, tt.script, job{
				node.NewJob(tt.server+"/api/frontend", plane.Frontend, tt.name, toggled, world), tt.post,
			})
			c.Agrees(t, set, tt.name, world, node.Nothing)
			c.Sees(t, true)
			if err := p.Server().Switch(t.Context(), toggled, false); err != nil {
				t.Fatal(err)
			}
			c.Sees(t, false)
			sent := c.Sent(t)
			if len(sent) != flags+1 {
				t.Errorf("the client reported %d flags, want %d", len(sent), flags+1)
			}
			p.AwaitUsage(t, tt.name, sent)
		})
	}
}
