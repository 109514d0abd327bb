package sdk

import (
	"cmp"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// signalExposure is the signal of the observation that a unit was served its
// arm. Without it no outcome of the unit counts.
const signalExposure = "exposure"

// Exposure is that a unit was served its arm of a running release, the first
// time that this client served it.
type Exposure struct {
	Flag        string
	Release     string // its id
	Environment string
	Arm         string // eval.Treatment or eval.Control
	Unit        string // the value that stickiness hashes
	Build       string // that the unit gets
	Seq         int64  // of the configuration; 0 where its source named none
}

// expose reports that ec's unit was served its arm of the release that is
// running of the flag with number n, if there is one, unless it was reported
// before or is in neither arm. An exposure for which the queue has no room is
// tried again with the unit's next check.
func (c *Client) expose(s *state, n int, ec *eval.Context) {
	if !s.flags[n].released {
		return
	}
	r := s.releases[n]
	a, ok := s.set.AssignAt(r.number, ec)
	if !ok {
		return
	}
	arm := compared(a)
	if arm == "" {
		return
	}
	unit := r.unit(a.Unit)
	if c.exposed.has(unit) {
		return
	}
	c.report(s, r, c.observe(s, r, arm, a.Unit), unit)
}

// report queues the first exposure of a unit.
func (c *Client) report(s *state, r *release, o observation, unit uint64) {
	reported := false
	o.Signal = signalExposure
	c.exposed.add(unit, func() bool {
		reported = c.api == nil || c.evidence.add(o)
		return reported
	})
	if reported && c.options.OnExposure != nil {
		c.options.OnExposure(Exposure{
			Flag: o.Flag, Release: r.id, Environment: o.Environment,
			Arm: o.Arm, Unit: o.Unit, Build: o.Build, Seq: s.seq,
		})
	}
}

// compared returns the arm of an assignment where a gate compares it, "" where
// it does not. It is never a string of the assignment, which would take the
// context that the unit is from to the heap with it.
func compared(a eval.Assignment) string {
	switch {
	case a.Unit == "":
		return ""
	case a.Arm == eval.Treatment:
		return eval.Treatment
	case a.Arm == eval.Control:
		return eval.Control
	default:
		return ""
	}
}

// observe begins an observation of a unit in its arm.
func (c *Client) observe(s *state, r *release, arm, unit string) observation {
	return observation{
		Environment: s.environment,
		Flag:        r.flag,
		Arm:         arm,
		Unit:        strings.Clone(unit),
		Build:       c.build(r, arm),
	}
}

// build returns the build that units in an arm get.
func (c *Client) build(r *release, arm string) string {
	if arm == eval.Treatment {
		return cmp.Or(c.options.Build, r.build, "unknown")
	}
	return c.options.ControlBuild
}
