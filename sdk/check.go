package sdk

import (
	"slices"

	"github.com/lockflight/lockflight/sdk/eval"
)

// disabled is the variant of a flag that is off, or that nobody knows.
var disabled = eval.Variant{Name: "disabled"}

// Bool reports whether a flag is on for ec, or returns fallback where the
// configuration has no such flag. The check is counted. Where a release of the
// flag is running, a unit's first check is reported as its exposure.
//
// It never blocks and never panics. It allocates nothing, but for the first
// check of a unit in a release. A nil ec is an empty one.
func (c *Client) Bool(flag string, ec *eval.Context, fallback bool) bool {
	s := c.state.Load()
	n, known := s.set.Index(flag)
	if !known {
		c.metrics.unknown.count(flag, fallback)
		return fallback
	}
	f := &s.flags[n]
	if f.traits != 0 {
		return c.boolSlow(s, n, ec)
	}
	on := s.set.BoolAt(n, ec)
	f.tally.count(on)
	return on
}

// boolSlow is Bool for a flag with a running release, or one that reads
// defaults.
func (c *Client) boolSlow(s *state, n int, ec *eval.Context) bool {
	f := &s.flags[n]
	if f.traits&readsDefaults != 0 {
		ec = c.withDefaults(s, ec)
	}
	on := s.set.BoolAt(n, ec)
	f.tally.count(on)
	if f.traits&hasRelease != 0 {
		c.expose(s, &s.details[n].release, ec)
	}
	return on
}

// Variant returns the variant of a flag for ec. It is the disabled variant,
// named "disabled", where the flag is off, has no variants, or is not in the
// configuration. It counts and reports as Bool does, and is as safe to call.
func (c *Client) Variant(flag string, ec *eval.Context) eval.Variant {
	s := c.state.Load()
	n, known := s.set.Index(flag)
	if !known {
		c.metrics.unknown.count(flag, false)
		return disabled
	}
	if s.flags[n].traits&readsDefaults != 0 {
		ec = c.withDefaults(s, ec)
	}
	v := s.set.VariantAt(n, ec)
	c.served(s, n, ec, &v)
	return v
}

// served counts a variant that was served, and reports an exposure.
func (c *Client) served(s *state, n int, ec *eval.Context, v *eval.Variant) {
	f := &s.flags[n]
	f.tally.count(v.FeatureEnabled)
	if i := slices.Index(s.details[n].variants, v.Name); i >= 0 {
		f.tally.countVariant(i)
	}
	if f.traits&hasRelease != 0 {
		c.expose(s, &s.details[n].release, ec)
	}
}

// withDefaults returns ec with the application and the environment of the
// client where ec has none. It allocates a copy where one is missing.
func (c *Client) withDefaults(s *state, ec *eval.Context) *eval.Context {
	if ec == nil {
		ec = &eval.Context{}
	}
	if ec.AppName != "" && ec.Environment != "" {
		return ec
	}
	filled := *ec
	if filled.AppName == "" {
		filled.AppName = c.options.AppName
	}
	if filled.Environment == "" {
		filled.Environment = s.environment
	}
	return &filled
}
