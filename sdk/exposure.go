package sdk

import (
	"cmp"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// signalExposure is the signal of the observation that a unit was served its
// arm. Without it no outcome of the unit counts.
const signalExposure = "exposure"

// expose reports that ec's unit was served its arm of r, unless it was
// reported before or is in neither arm. An exposure for which the queue has
// no room is tried again with the unit's next check.
func (c *Client) expose(s *state, r *release, ec *eval.Context) {
	a, ok := s.set.AssignAt(r.number, ec)
	if !ok || !compared(a) {
		return
	}
	unit := r.unit(a.Unit)
	if c.exposed.has(unit) {
		return
	}
	c.report(s, r, a, unit)
}

// report queues the first exposure of a unit.
func (c *Client) report(s *state, r *release, a eval.Assignment, unit uint64) {
	c.exposed.add(unit, func() bool {
		o := c.observe(s, r, a)
		o.Signal = signalExposure
		return c.evidence.add(o)
	})
}

// compared reports whether an assignment is to an arm that a gate compares.
func compared(a eval.Assignment) bool {
	return a.Unit != "" && (a.Arm == eval.Treatment || a.Arm == eval.Control)
}

// observe begins an observation of a unit in its arm.
func (c *Client) observe(s *state, r *release, a eval.Assignment) observation {
	o := observation{
		Environment: s.environment,
		Flag:        r.flag,
		Arm:         a.Arm,
		Unit:        strings.Clone(a.Unit),
		Build:       c.options.ControlBuild,
	}
	if a.Arm == eval.Treatment {
		o.Build = cmp.Or(c.options.Build, r.build, "unknown")
	}
	return o
}
