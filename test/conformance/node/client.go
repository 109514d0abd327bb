// Package node runs scripts over other people's Node packages, and compares
// what they say with our own engine. A script reads its Job as JSON from its
// standard input and says one JSON value a line: {answers} for each context,
// {sees} whenever the toggled flag is worth telling, {sent} at the end, {error}
// at any time. It is not a way to run anything else in Node.
package node

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
	"github.com/lockflight/lockflight/test/conformance/plane"
)

// Client is a script that runs.
type Client struct {
	lines *bufio.Reader
	log   *bytes.Buffer
}

// line is one thing that a script says.
type line struct {
	Answers []answer
	Sees    *bool
	Sent    map[string]plane.Count
}

// answer is [enabled, variant].
type answer struct {
	Enabled bool
	Variant eval.Variant
}

// UnmarshalJSON reads the two.
func (a *answer) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&a.Enabled, &a.Variant})
}

// Start runs a script, with a Job or what embeds one, until the test ends.
func Start(t *testing.T, script string, job any) *Client {
	t.Helper()
	input, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", script)
	c := &Client{log: &bytes.Buffer{}}
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

// Next reads the next thing that the script says, which is no error.
func (c *Client) Next(t *testing.T, into any) {
	t.Helper()
	text, err := c.lines.ReadBytes('\n')
	var failed struct{ Error string }
	if err == nil {
		err = errors.Join(json.Unmarshal(text, &failed), json.Unmarshal(text, into))
	}
	if err == nil && failed.Error != "" {
		err = errors.New(failed.Error)
	}
	if err != nil {
		rest, _ := io.ReadAll(c.lines)
		t.Fatalf("the client: %v\n%s%s%s\nIts packages are installed by `make test`.", err, text, rest, c.log)
	}
}

// next is Next for what all scripts say.
func (c *Client) next(t *testing.T) (out line) {
	t.Helper()
	c.Next(t, &out)
	return out
}

// Sees fails unless the client says next that the toggled flag is on, or off.
func (c *Client) Sees(t *testing.T, want bool) {
	t.Helper()
	if got := c.next(t).Sees; got == nil || *got != want {
		t.Fatalf("the client sees %v, want %v\n%s", got, want, c.log)
	}
}

// Sent returns what the client says next that it has reported, by flag.
func (c *Client) Sent(t *testing.T) map[string]plane.Count {
	t.Helper()
	return c.next(t).Sent
}

// Agrees compares what the client says of each flag of a world, for each of its
// contexts, with what our own engine says. A pair of them that excused accepts
// may differ; excused is asked of those alone that do.
func (c *Client) Agrees(t *testing.T, set *eval.Set, app string, world flaggen.World, excused func(*eval.Flag, *eval.Context) bool) {
	t.Helper()
	wrong := 0
	for i := range world.Contexts {
		ec := world.Contexts[i]
		ec.AppName = app
		answers := c.next(t).Answers
		if len(answers) != len(world.Flags) {
			t.Fatalf("%d answers for context %d, want %d", len(answers), i, len(world.Flags))
		}
		for j := range world.Flags {
			f := &world.Flags[j]
			ours := set.Variant(f.Name, &ec)
			diff := cmp.Diff(answer{ours.FeatureEnabled, ours}, answers[j], cmpopts.EquateEmpty())
			if diff == "" || excused(f, &ec) {
				continue
			}
			if wrong++; wrong <= 5 {
				t.Errorf("%s for %+v (-ours +the client's):\n%s%s", f.Name, ec, diff, set.Explain(f.Name, &ec).Message)
			}
		}
	}
	if wrong > 0 {
		t.Fatalf("%d of %d answers differ", wrong, len(world.Contexts)*len(world.Flags))
	}
}

// Nothing excuses no difference.
func Nothing(*eval.Flag, *eval.Context) bool { return false }
