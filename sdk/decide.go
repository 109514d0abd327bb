package sdk

import (
	"slices"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Decision is how a check was decided, and on what data: what adapters to
// other interfaces need. Explain is for people.
type Decision struct {
	eval.Decision

	// Release is the running release of the flag and the context's arm in it.
	// It is zero where none runs, and for a context that is not eligible.
	Release eval.Assignment
	// Build is the build that evidence of the context's arm carries, "" where
	// there is no arm.
	Build string
	// Environment is that of the configuration, "" where it names none.
	Environment string
	Source      Source
	Seq         int64 // the configuration's sequence number; 0 where its source named none
	Stale       bool  // the configuration is older than Options.StaleAfter
}

// Decide returns what Variant does, together with what decided it: the variant
// and its reason are of one evaluation, on one configuration. It counts and
// reports as Variant does, and is as safe to call.
func (c *Client) Decide(flag string, ec *eval.Context) Decision {
	s := c.state.Load()
	d := Decision{Environment: s.environment, Source: s.source, Seq: s.seq, Stale: c.stale.Load()}
	n, known := s.set.Index(flag)
	if !known {
		c.metrics.unknown.count(flag, false)
		d.Decision = s.set.Decide(flag, ec)
		return d
	}
	d.Decision = s.set.DecideAt(n, ec)
	c.served(s, n, ec, slices.Index(s.set.VariantNames(n), d.Variant.Name), d.Variant.FeatureEnabled)
	if a, ok := s.set.AssignAt(n, ec); ok {
		d.Release, d.Build = a, c.build(s.releases[n], a.Arm)
	}
	return d
}
