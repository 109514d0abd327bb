// Package proxyclient asks Unleash's own clients of the frontend API what they
// see of a Lockflight server: for many flags and contexts, after a toggle, and
// what of their counts arrives. They are npm packages, which `make test`
// installs, and run unchanged.
package proxyclient

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
	"github.com/lockflight/lockflight/test/conformance/plane"
)

// The size of the world, and how often each thing has to decide in it.
const (
	seed     = 3
	flags    = 100
	contexts = 500
	least    = 50
)

func TestProxyClients(t *testing.T) {
	t.Parallel()
	world := flaggen.New(seed, flags, contexts)
	counts := world.Decisive()
	t.Logf("how often each of these decides, in %d flags and %d contexts:\n%s", flags, contexts, counts)
	if few := counts.Below(least); len(few) > 0 {
		t.Fatalf("%q decide fewer than %d times", few, least)
	}
	p := plane.Start(t)
	if err := world.Install(t.Context(), p.Server()); err != nil {
		t.Fatal(err)
	}
	set := p.Compiled(t)
	for _, tt := range []struct {
		name, script string
		post         bool
	}{
		{"unleash-proxy-client", "client.mjs", false},
		{"unleash-proxy-client-post", "client.mjs", true},
		{"proxy-client-react", "react.mjs", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			toggled := "toggled-by-" + tt.name
			if err := (flaggen.World{Flags: []eval.Flag{{Name: toggled, Type: "release", Enabled: true}}}).Install(t.Context(), p.Server()); err != nil {
				t.Fatal(err)
			}
			c := start(t, tt.script, newJob(p, tt.name, tt.post, toggled, world))
			agrees(t, c, set, tt.name, world)
			c.sees(t, true)
			if err := p.Server().Switch(t.Context(), toggled, false); err != nil {
				t.Fatal(err)
			}
			c.sees(t, false)
			sent := c.next(t).Sent
			if len(sent) != flags+1 {
				t.Errorf("the client reported %d flags, want %d", len(sent), flags+1)
			}
			p.AwaitUsage(t, tt.name, sent)
		})
	}
}

// agrees compares what a client says of each flag, for each context, with what
// our own engine says.
func agrees(t *testing.T, c *client, set *eval.Set, app string, world flaggen.World) {
	t.Helper()
	wrong := 0
	for i := range world.Contexts {
		ec := world.Contexts[i]
		ec.AppName = app
		answers := c.next(t).Answers
		if len(answers) != len(world.Flags) {
			t.Fatalf("%d answers for context %d, want %d", len(answers), i, len(world.Flags))
		}
		for j, f := range world.Flags {
			want := answer{set.Variant(f.Name, &ec).FeatureEnabled, set.Variant(f.Name, &ec)}
			if diff := cmp.Diff(want, answers[j], cmpopts.EquateEmpty()); diff != "" {
				if wrong++; wrong <= 5 {
					t.Errorf("%s for %+v (-ours +the client's):\n%s%s", f.Name, ec, diff, set.Explain(f.Name, &ec).Message)
				}
			}
		}
	}
	if wrong > 0 {
		t.Fatalf("%d of %d answers differ", wrong, len(world.Contexts)*len(world.Flags))
	}
}

// job is what a script is given to do.
type job struct {
	URL      string        `json:"url"`
	Token    string        `json:"token"`
	AppName  string        `json:"appName"`
	Post     bool          `json:"post"`
	Contexts []wireContext `json:"contexts"`
	Flags    []string      `json:"flags"`
	Toggled  string        `json:"toggled"`
}

// wireContext is a context as the clients take it. They do not let it name the
// application and the environment.
type wireContext struct {
	UserID        string            `json:"userId,omitempty"`
	SessionID     string            `json:"sessionId"`
	RemoteAddress string            `json:"remoteAddress"`
	CurrentTime   time.Time         `json:"currentTime"`
	Properties    map[string]string `json:"properties"`
}

func newJob(p *plane.Plane, app string, post bool, toggled string, world flaggen.World) job {
	out := job{URL: p.URL + "/api/frontend", Token: plane.Frontend, AppName: app, Post: post, Toggled: toggled}
	for _, c := range world.Contexts {
		out.Contexts = append(out.Contexts, wireContext{c.UserID, c.SessionID, c.RemoteAddress, c.CurrentTime, c.Properties})
	}
	for _, f := range world.Flags {
		out.Flags = append(out.Flags, f.Name)
	}
	return out
}

// client is a script that runs.
type client struct {
	lines *bufio.Reader
	log   *bytes.Buffer
}

// line is one thing that a script says.
type line struct {
	Answers []answer
	Sees    *bool
	Sent    map[string]plane.Count
	Error   string
}

// answer is [enabled, variant].
type answer struct {
	Enabled bool
	Variant eval.Variant
}

func (a *answer) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&a.Enabled, &a.Variant})
}

// start runs a script until the test ends.
func start(t *testing.T, script string, j job) *client {
	t.Helper()
	input, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", script)
	c := &client{log: &bytes.Buffer{}}
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), c.log
	out, err := cmd.StdoutPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewReader(out)
	t.Cleanup(func() {
		_ = cmd.Wait() // the context has ended it, or it has said all that it had to
	})
	return c
}

// next returns the next thing that the script says.
func (c *client) next(t *testing.T) line {
	t.Helper()
	text, err := c.lines.ReadBytes('\n')
	var out line
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err == nil && out.Error != "" {
		err = errors.New(out.Error)
	}
	if err != nil {
		rest, _ := io.ReadAll(c.lines)
		t.Fatalf("the client: %v\n%s%s%s\nIts packages are installed by `make test`.", err, text, rest, c.log)
	}
	return out
}

// sees fails unless the client says next that the toggled flag is on, or off.
func (c *client) sees(t *testing.T, want bool) {
	t.Helper()
	if got := c.next(t).Sees; got == nil || *got != want {
		t.Fatalf("the client sees %v, want %v\n%s", got, want, c.log)
	}
}
