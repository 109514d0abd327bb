// Package ofrep asks OpenFeature's own SDKs, with the OFREP providers, what
// they see of a Lockflight server, and of an edge of it: the server SDK flag by flag, the web SDK all
// at once, and after a toggle that its event stream tells it of. They are npm
// packages, which `make test` installs, and run unchanged.
package ofrep

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
	"github.com/lockflight/lockflight/test/conformance/node"
	"github.com/lockflight/lockflight/test/conformance/plane"
)

// The size of the world, and how often each thing has to decide in it. The
// server SDK, with some requests a flag, gets the first contexts alone.
const (
	seed     = 4
	flags    = 100
	contexts = 500
	least    = 50
	first    = 20
)

func TestProviders(t *testing.T) {
	t.Parallel()
	world := flaggen.New(seed, flags, contexts)
	p := plane.WithWorld(t, world, least)
	toggled := flaggen.World{Flags: []eval.Flag{
		{Name: "toggled-at-plane", Type: "release", Enabled: true}, {Name: "toggled-at-edge", Type: "release", Enabled: true},
	}}
	if err := toggled.Install(t.Context(), p.Server()); err != nil {
		t.Fatal(err)
	}
	set := p.Compiled(t)
	for where, server := range map[string]string{"plane": p.URL, "edge": p.Edge(t)} {
		t.Run(where, func(t *testing.T) { agree(t, p, "toggled-at-"+where, server, set, world) })
	}
}

// agree runs both SDKs, and switches a flag while one of them listens.
func agree(t *testing.T, p *plane.Plane, toggled, server string, set *eval.Set, world flaggen.World) {
	t.Helper()
	job := node.NewJob(server, plane.Frontend, "", toggled, world)
	t.Run("server-sdk", func(t *testing.T) {
		t.Parallel()
		job := job
		job.Token, job.Contexts = plane.Backend, job.Contexts[:first]
		c := node.Start(t, "server.mjs", job)
		agrees(t, c, set, world, first)
		if got := next(t, c).Missing; got != "FLAG_NOT_FOUND" {
			t.Errorf("of a flag that is not there the client says %q", got)
		}
	})
	t.Run("web-sdk", func(t *testing.T) {
		t.Parallel()
		c := node.Start(t, "web.mjs", job)
		agrees(t, c, set, world, contexts)
		c.Sees(t, true)
		if err := p.Server().Switch(t.Context(), toggled, false); err != nil {
			t.Fatal(err)
		}
		c.Sees(t, false)
	})
}

// line is what the scripts say beside what all clients' do.
type line struct {
	Answers []answer
	Missing string
}

// answer is [value, variant].
type answer struct {
	Value   any
	Variant string
}

// UnmarshalJSON reads the two.
func (a *answer) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&a.Value, &a.Variant})
}

func next(t *testing.T, c *node.Client) (out line) {
	t.Helper()
	c.Next(t, &out)
	return out
}

// agrees compares what the client says of each flag for each context with what
// our own engine says.
func agrees(t *testing.T, c *node.Client, set *eval.Set, world flaggen.World, contexts int) {
	t.Helper()
	for i := range contexts {
		ec := world.Contexts[i]
		ec.AppName = ""
		answers := next(t, c).Answers
		if len(answers) != len(world.Flags) {
			t.Fatalf("%d answers for context %d, want %d", len(answers), i, len(world.Flags))
		}
		for j := range world.Flags {
			f := &world.Flags[j]
			if answers[j].Value == nil {
				answers[j].Variant = "" // the web SDK names the variant beside the default, the server SDK does not
			}
			if diff := cmp.Diff(expected(f, set.Variant(f.Name, &ec)), answers[j]); diff != "" {
				t.Fatalf("%s for %+v (-ours +the client's):\n%s%s", f.Name, ec, diff, set.Explain(f.Name, &ec).Message)
			}
		}
	}
}

// expected is the answer that follows from what the engine says: a payload
// where the flag has any, and otherwise whether it is on.
func expected(f *eval.Flag, v eval.Variant) answer {
	switch {
	case v.Enabled && v.Payload != nil:
		return answer{content(v.Payload), v.Name}
	case carries(f):
		return answer{nil, ""}
	case !v.FeatureEnabled:
		return answer{false, "off"}
	case v.Enabled:
		return answer{true, v.Name}
	}
	return answer{true, "on"}
}

func content(p *eval.Payload) any {
	var out any
	switch p.Type {
	case "number":
		out, _ = strconv.ParseFloat(p.Value, 64)
	case "json":
		_ = json.Unmarshal([]byte(p.Value), &out)
	default:
		return p.Value
	}
	return out
}

func carries(f *eval.Flag) bool {
	all := f.Variants
	for _, st := range f.Strategies {
		all = append(slices.Clip(all), st.Variants...)
	}
	for _, v := range all {
		if v.Payload != nil {
			return true
		}
	}
	return false
}
