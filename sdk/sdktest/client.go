// Package sdktest gives tests a client whose flags they set, and which
// remembers what it was told.
//
//	flags := sdktest.New(t, map[string]any{"checkout-v2": true, "model": "careful"})
//	shop := NewShop(flags.Client) // takes an *sdk.Client
//	flags.Set("checkout-v2", false)
//	... flags.Tracked() ...
//
// It is no mock: an *sdk.Client without a server evaluates real documents. It
// is for the tests of applications; it does not simulate a server or an edge.
package sdktest

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// What contexts and evidence of a Client carry where they have nothing else.
const (
	AppName     = "test"
	Environment = "test"
	Build       = "candidate" // the build of units that a release treats
)

// Client is an *sdk.Client, in the field of that name, with the means to set
// its flags. Its methods fail the test rather than return errors, and are for
// the test's goroutine; the sdk.Client is for any number of them.
type Client struct {
	*sdk.Client

	t     testing.TB
	flags map[string]eval.Flag
	seq   int64

	mu        sync.Mutex // guards what follows
	exposures []sdk.Exposure
	tracked   []sdk.Tracked
}

// New returns a Client with these flags, to be closed when the test ends. The
// values are those that Set takes.
func New(t testing.TB, flags map[string]any) *Client {
	t.Helper()
	c := &Client{t: t, flags: make(map[string]eval.Flag, len(flags))}
	for name, value := range flags {
		c.flags[name] = c.define(name, value)
	}
	client, err := sdk.New(t.Context(), sdk.Options{
		AppName: AppName, Environment: Environment, Build: Build,
		Bootstrap: c.document(), OnExposure: c.exposed, OnTrack: c.track,
	})
	if err != nil {
		t.Fatalf("sdktest: %v", err)
	}
	c.Client = client
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("sdktest: %v", err)
		}
	})
	return c
}

// Set makes a flag, or replaces it, before it returns. The value is
//
//   - a bool: the flag is on or off for everybody;
//   - a string: it is on, and everybody gets the variant of that name;
//   - an eval.Flag, of any name: whatever a document can say.
func (c *Client) Set(flag string, value any) {
	c.t.Helper()
	c.flags[flag] = c.define(flag, value)
	c.load()
}

// SetVariant makes a flag, or replaces it, that is on and gives everybody a
// variant. A payload that is a string is one of that type, any other is JSON;
// nil is none.
func (c *Client) SetVariant(flag, variant string, payload any) {
	c.t.Helper()
	v := eval.WeightedVariant{Name: variant, Weight: 1000}
	switch p := payload.(type) {
	case nil:
	case string:
		v.Payload = &eval.Payload{Type: "string", Value: p}
	default:
		b, err := json.Marshal(p)
		if err != nil {
			c.t.Fatalf("sdktest: the payload of %s: %v", flag, err)
		}
		v.Payload = &eval.Payload{Type: "json", Value: string(b)}
	}
	c.flags[flag] = eval.Flag{Name: flag, Enabled: true, Variants: []eval.WeightedVariant{v}}
	c.load()
}

// Remove takes a flag away, so that checks get their fallbacks.
func (c *Client) Remove(flag string) {
	c.t.Helper()
	delete(c.flags, flag)
	c.load()
}

// Exposures returns the exposures so far: each user that was served an arm of
// a release, once for each release.
func (c *Client) Exposures() []sdk.Exposure {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.exposures)
}

// Tracked returns the outcomes that were tracked so far, in arms or not.
func (c *Client) Tracked() []sdk.Tracked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tracked)
}

func (c *Client) exposed(e sdk.Exposure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exposures = append(c.exposures, e)
}

func (c *Client) track(o sdk.Tracked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.Context.Properties = maps.Clone(o.Context.Properties)
	c.tracked = append(c.tracked, o)
}

// define makes a flag of a value that Set takes.
func (c *Client) define(name string, value any) eval.Flag {
	c.t.Helper()
	switch v := value.(type) {
	case bool:
		return eval.Flag{Name: name, Enabled: v}
	case string:
		return eval.Flag{Name: name, Enabled: true, Variants: []eval.WeightedVariant{{Name: v, Weight: 1000}}}
	case eval.Flag:
		v.Name = name
		return v
	}
	c.t.Fatalf("sdktest: %s is a %T: want a bool, the name of a variant, or an eval.Flag", name, value)
	return eval.Flag{}
}

// load serves the flags as they are now.
func (c *Client) load() {
	c.t.Helper()
	if err := c.Load(c.t.Context(), c.document()); err != nil {
		c.t.Fatalf("sdktest: %v", err)
	}
}

// document is the flags as a document, in the order of their names.
func (c *Client) document() []byte {
	c.t.Helper()
	c.seq++
	s := eval.Snapshot{Version: 2, Meta: &eval.Meta{RevisionID: c.seq}}
	for _, name := range slices.Sorted(maps.Keys(c.flags)) {
		s.Features = append(s.Features, c.flags[name])
	}
	b, err := json.Marshal(s)
	if err != nil {
		c.t.Fatalf("sdktest: %v", err)
	}
	if _, warnings := eval.Compile(s); len(warnings) > 0 {
		c.t.Fatalf("sdktest: flag %s: %s", warnings[0].Flag, warnings[0].Msg)
	}
	return b
}
