// Package unleashclient asks Unleash's own client for Node services what it
// sees of a Lockflight server, and of an edge of it, in each of its modes: for many flags and
// contexts, after a toggle, and what of its counts arrives. It is an npm
// package, which `make test` installs, and runs unchanged.
package unleashclient

import (
	"testing"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
	"github.com/lockflight/lockflight/test/conformance/node"
	"github.com/lockflight/lockflight/test/conformance/plane"
)

// The size of the world, and how often each thing has to decide in it.
const (
	seed     = 5
	flags    = 100
	contexts = 500
	least    = 50
)

// job is what the script is given.
type job struct {
	node.Job
	Environment string `json:"environment"`
	Mode        mode   `json:"mode"`
}

// mode is how the client is told to get its flags.
type mode struct {
	Type   string `json:"type"`
	Format string `json:"format,omitempty"`
}

func TestUnleashClient(t *testing.T) {
	t.Parallel()
	world := flaggen.New(seed, flags, contexts)
	p := plane.WithWorld(t, world, least)
	set := p.Compiled(t)
	// One after the other: three clients are as many as a small machine takes.
	for where, server := range map[string]string{"plane": p.URL, "edge": p.Edge(t)} {
		t.Run(where, func(t *testing.T) { agree(t, p, where, server, set, world) })
	}
}

// agree runs the client in each of its modes.
func agree(t *testing.T, p *plane.Plane, where, server string, set *eval.Set, world flaggen.World) {
	t.Helper()
	for name, m := range map[string]mode{
		"polling": {"polling", "full"}, "polling-deltas": {"polling", "delta"}, "streaming": {"streaming", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, toggled := "unleash-client-"+where+"-"+name, "toggled-at-"+where+"-by-"+name
			if err := (flaggen.World{Flags: []eval.Flag{{Name: toggled, Type: "release", Enabled: true}}}).Install(t.Context(), p.Server()); err != nil {
				t.Fatal(err)
			}
			c := node.Start(t, "client.mjs", job{
				node.NewJob(server+"/api", plane.Backend, app, toggled, world), flaggen.Environment, m,
			})
			known := node.ReadBaseline(t, client, gaps(world))
			c.Agrees(t, set, app, world, known.Excuses)
			known.Check(t)
			c.Sees(t, true)
			if err := p.Server().Switch(t.Context(), toggled, false); err != nil {
				t.Fatal(err)
			}
			c.Sees(t, false)
			sent := c.Sent(t)
			if len(sent) != flags+1 {
				t.Errorf("the client reported %d flags, want %d", len(sent), flags+1)
			}
			p.AwaitUsage(t, app, sent)
		})
	}
}
