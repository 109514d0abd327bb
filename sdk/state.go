package sdk

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/maphash"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Source says where the configuration that is served came from.
type Source string

// The sources of configuration. A client without any serves the fallback of
// every check.
const (
	SourceNone      Source = "none"
	SourceBootstrap Source = "bootstrap"
	SourceBackup    Source = "backup"
	SourceServer    Source = "server"
)

// origin says where a configuration is from.
type origin struct {
	source Source
	seq    int64 // of the server's change feed; 0 where it named none
}

// state is what the checks of one moment read. It is never changed after it
// is published.
type state struct {
	origin
	set         *eval.Set
	books       books
	flags       []flag // by the set's flag number, as are releases: nil for none
	releases    []*release
	released    []int     // numbers of the flags with a running release, ascending
	numbering   uint32    // states that number the flags alike have the same, from 1
	environment string    // of evidence, and of contexts without one
	at          time.Time // from when on it is served
}

// flag is what a check of a variant reads beside the set. The zero flag is one
// that is unknown.
type flag struct {
	tally
	released bool // a release is running, and its exposures are reported
}

// release is a running release, as its strategy in the configuration says.
type release struct {
	id     string
	flag   string
	number int    // of the flag in the state's set
	build  string // the build under test; "" where the server did not say
	salt   uint64 // a hash of flag and release
}

// hashSeed is of this process: hashes of units never leave it.
var hashSeed = maphash.MakeSeed()

// unit returns the hash by which a unit's exposure to r is remembered. It is
// never 0.
func (r *release) unit(unit string) uint64 {
	h := (maphash.String(hashSeed, unit) ^ r.salt) * 0x9e3779b97f4a7c15
	return max(h^h>>32, 1)
}

// newEngine returns what evaluations need from outside the engine.
func newEngine(o *Options) eval.Options {
	host, _ := os.Hostname() // without one applicationHostname never matches
	return eval.Options{Now: time.Now, Hostname: host, AppName: o.AppName}
}

// compile makes a state of a document. One goroutine at a time may compile or
// apply.
func (c *Client) compile(ctx context.Context, document eval.Snapshot, from origin) *state {
	engine := c.engine
	engine.Environment = cmp.Or(c.options.Environment, queryEnvironment(document.Query))
	set, warnings := engine.Compile(document)
	c.numbering++
	s := &state{
		origin:      from,
		set:         set,
		flags:       make([]flag, set.Len()),
		releases:    make([]*release, set.Len()),
		numbering:   c.numbering,
		environment: engine.Environment,
	}
	for n := range set.Len() {
		warnings = append(warnings, c.open(s, n)...)
	}
	s.books = c.metrics.ledger.opened()
	c.warn(ctx, nil, warnings)
	return s
}

// apply makes a state of the one before and what has changed. It leaves as
// they are the flags that have not.
func (c *Client) apply(ctx context.Context, before *state, delta eval.Delta, from origin) (*state, error) {
	set, changes, err := before.set.Apply(delta)
	if err != nil {
		return nil, err
	}
	s := *before
	s.origin, s.set = from, set
	if changes.Renumbered {
		c.numbering++
		s.numbering, s.flags, s.releases, s.released = c.numbering, nil, nil, nil
	}
	s.flags = append(make([]flag, 0, set.Len()), s.flags...)[:set.Len()]
	s.releases = append(make([]*release, 0, set.Len()), s.releases...)[:set.Len()]
	s.released = slices.Clone(s.released)
	var kept map[eval.Warning]bool
	if !changes.Renumbered {
		kept = maps.Clone(c.warned)
	}
	warnings := changes.Warnings
	for _, n := range changes.Numbers {
		forget(kept, before.set.Name(n), set.Name(n))
		warnings = append(warnings, c.open(&s, n)...)
	}
	s.books = c.metrics.ledger.opened()
	c.warn(ctx, kept, warnings)
	return &s, nil
}

// forget drops the warnings of flags.
func forget(warned map[eval.Warning]bool, flags ...string) {
	maps.DeleteFunc(warned, func(w eval.Warning, _ bool) bool { return slices.Contains(flags, w.Flag) })
}

// open sets what s knows of the flag with number n besides its program.
// Releases are observed where there is somebody to tell and an environment to
// name.
func (c *Client) open(s *state, n int) (warnings []eval.Warning) {
	at, released := slices.BinarySearch(s.released, n)
	if released {
		s.released = slices.Delete(s.released, at, at+1)
	}
	f := s.set.Flag(n)
	if f == nil {
		s.flags[n], s.releases[n] = flag{}, nil
		return nil
	}
	s.flags[n] = flag{tally: c.metrics.ledger.open(f.Name, s.set.VariantNames(n))}
	s.releases[n] = nil
	r, running := runningRelease(f, n)
	if !running {
		return nil
	}
	s.releases[n] = &r
	if c.api == nil && c.options.OnExposure == nil {
		return nil
	}
	if s.environment == "" {
		return []eval.Warning{{Flag: f.Name, Msg: "its release gets no evidence: set Options.Environment"}}
	}
	s.flags[n].released = true
	s.released = slices.Insert(s.released, at, n)
	return nil
}

// tagReleased says in a flag's tag that it has a release. The rest of the tag is
// tally.checks, which is even: all that most checks need to know of a flag.
const tagReleased = 1

// tag is the engine's Options.Tag.
func (c *Client) tag(f *eval.Flag, variants []string) uint32 {
	tag := c.metrics.ledger.open(f.Name, variants).checks
	if _, running := runningRelease(f, 0); running {
		tag |= tagReleased
	}
	return tag
}

// queryEnvironment reads the environment that a features document is of.
func queryEnvironment(query json.RawMessage) string {
	var q struct {
		Environment string `json:"environment"`
	}
	if json.Unmarshal(query, &q) != nil {
		return ""
	}
	return q.Environment
}

// runningRelease returns the release whose strategy a flag has: the first one,
// as in the engine.
func runningRelease(f *eval.Flag, number int) (release, bool) {
	for i := range f.Strategies {
		parameters := f.Strategies[i].Parameters
		if id := parameters["release"]; id != "" {
			salt := maphash.String(hashSeed, f.Name+"\x00"+id)
			return release{id: id, flag: f.Name, number: number, build: parameters["build"], salt: salt}, true
		}
	}
	return release{}, false
}
