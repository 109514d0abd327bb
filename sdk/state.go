package sdk

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/maphash"
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

// configuration is a document and what is known of it.
type configuration struct {
	document eval.Snapshot
	source   Source
	seq      int64 // of the server's change feed; 0 where it named none
}

// state is what the checks of one moment read. It is never changed after it
// is published.
type state struct {
	configuration
	set         *eval.Set
	flags       []flag // by the set's flag number, as are details
	details     []detail
	released    []int     // numbers of the flags with a running release
	environment string    // of evidence, and of contexts without one
	at          time.Time // from when on it is served
}

// flag is what every check of a flag reads beside the set: 24 bytes, so that
// thousands stay in the cache.
type flag struct {
	tally  tally
	traits traits
}

// traits are the reasons why a check of a flag is not just an evaluation.
type traits uint8

const (
	readsAppName traits = 1 << iota
	readsEnvironment
	hasRelease

	readsDefaults = readsAppName | readsEnvironment
)

// detail is what some checks of a flag read.
type detail struct {
	variants []string // every name that Variant can answer with
	release  release
}

// release is a running release, as its strategy in the configuration says.
type release struct {
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
func newEngine() eval.Options {
	host, _ := os.Hostname() // without one applicationHostname never matches
	return eval.Options{Now: time.Now, Hostname: host}
}

// compile makes a state of a configuration. Releases are observed where there
// is somebody to tell and an environment to name.
func (c *Client) compile(ctx context.Context, conf configuration) *state {
	set, warnings := c.engine.Compile(conf.document)
	s := &state{
		configuration: conf,
		set:           set,
		flags:         make([]flag, set.Len()),
		details:       make([]detail, set.Len()),
		environment:   cmp.Or(c.options.Environment, queryEnvironment(conf.document.Query)),
	}
	reads := newReads(&conf.document)
	for n := range set.Len() {
		f := reads.flags[set.Name(n)]
		s.details[n].variants = variantNames(f)
		s.flags[n] = flag{tally: c.metrics.ledger.open(f.Name, s.details[n].variants), traits: reads.flag(f)}
		if r, running := runningRelease(f, n); running {
			s.details[n].release = r
			if c.api == nil && c.options.OnExposure == nil {
				continue
			}
			if s.environment == "" {
				warnings = append(warnings, eval.Warning{Flag: f.Name, Msg: "its release gets no evidence: set Options.Environment"})
				continue
			}
			s.flags[n].traits |= hasRelease
			s.released = append(s.released, n)
		}
	}
	c.warn(ctx, warnings)
	return s
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
			return release{flag: f.Name, number: number, build: parameters["build"], salt: salt}, true
		}
	}
	return release{}, false
}

// onlyDisabled is what a flag without variants can answer with.
var onlyDisabled = []string{disabled.Name}

// variantNames returns every name that a variant of f can have, the disabled
// one first.
func variantNames(f *eval.Flag) []string {
	names := onlyDisabled
	add := func(variants []eval.WeightedVariant) {
		for i := range variants {
			if !slices.Contains(names, variants[i].Name) {
				names = append(slices.Clip(names), variants[i].Name)
			}
		}
	}
	add(f.Variants)
	for i := range f.Strategies {
		add(f.Strategies[i].Variants)
	}
	return names
}
