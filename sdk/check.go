package sdk

import (
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
	n, tag, on := s.set.Check(flag, ec)
	if n < 0 {
		c.metrics.unknown.count(flag, fallback)
		return fallback
	}
	s.books.checks.add(slotOf(tag, on))
	if tag&tagReleased != 0 {
		c.expose(s, n, ec)
	}
	return on
}

// slotOf returns where an answer of Bool is counted for the flag with a tag.
// The answer is added, not branched on: see eval's evaluate.
func slotOf(tag uint32, on bool) uint32 {
	slot := tag &^ tagReleased // even: the first of two
	if on {
		slot |= 1
	}
	return slot
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
	v, place := s.set.ChooseAt(n, ec)
	c.served(s, n, ec, place, v.FeatureEnabled)
	return v
}

// served counts the variant that was served of the flag with number n, and
// reports an exposure.
func (c *Client) served(s *state, n int, ec *eval.Context, place int, on bool) {
	s.books.countVariant(s.flags[n].tally, place, on)
	c.expose(s, n, ec)
}
