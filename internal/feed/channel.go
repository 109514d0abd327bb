package feed

import (
	"cmp"
	"slices"
	"sync"
)

// limits bound a channel's window: it holds the latest revisions, and more of
// them while they take less than bytes.
type limits struct{ revisions, bytes int }

// windowLimits are those of every hub. 20 revisions is what Unleash holds.
var windowLimits = limits{revisions: 20, bytes: 1 << 20}

// channel is one scope of an environment: its view and the latest updates of
// it. All that read the scope share it. It is guarded by Env.mu.
type channel struct {
	limits limits
	view   *View
	base   int64  // the window holds every update of the scope since this revision
	steps  []step // by Seq
	bytes  int    // of steps
	doubt  int64  // events up to here were read in one go and changed nothing: see since

	replays     map[stretch]func() Message // those of view, made when first sent
	grown       chan struct{}              // closed, and replaced, when a step is added
	subscribers int
	used        int64 // the Env.uses of the latest use
}

// step is an update and the revision that it starts from.
type step struct {
	Message
	from int64
}

// stretch is what a replay goes over: the updates from first on, up to seq.
type stretch struct{ first, seq int64 }

// maxReplays bounds those that are kept: clients choose where they begin.
const maxReplays = 64

func newChannel(l limits, v *View) *channel {
	return &channel{limits: l, view: v, base: v.Seq, grown: make(chan struct{}), replays: map[stretch]func() Message{}}
}

// replay returns what makes the message of some updates up to seq: encoded, and
// signed, once for all clients that missed the same.
func (c *channel) replay(seq int64, updates []step) func() Message {
	at := stretch{seq: seq}
	if len(updates) > 0 {
		at.first = updates[0].Seq
	}
	message, ok := c.replays[at]
	if !ok {
		v := c.view
		message = sync.OnceValue(func() Message { return v.replay(seq, updates) })
		if len(c.replays) < maxReplays {
			c.replays[at] = message
		}
	}
	return message
}

// advance takes in the view that follows revision from. One that is the same
// leaves everything as it is, its revision too, so that a change elsewhere
// wakes nobody.
func (c *channel) advance(from int64, next *View) {
	m, differs := update(c.view, next)
	switch {
	case differs:
		if c.doubt > c.view.Seq {
			from = c.view.Seq
		}
		c.push(step{m, from})
		c.view = next
		clear(c.replays)
	case next.Seq > from+1:
		c.doubt = next.Seq
	}
}

// push adds a step, lets go of those that the limits leave no room for, and
// wakes whoever waits.
func (c *channel) push(s step) {
	c.steps = append(c.steps, s)
	c.bytes += len(s.SSE)
	for len(c.steps) > c.limits.revisions && c.bytes > c.limits.bytes {
		c.base = c.steps[0].Seq
		c.bytes -= len(c.steps[0].SSE)
		c.steps = c.steps[1:]
	}
	close(c.grown)
	c.grown = make(chan struct{})
}

// since returns the updates of a client that holds revision after, and whether
// it can be continued from there. It cannot from inside a step: events that
// were read in one go may have undone each other, and another replica may have
// shown the client what was between them.
func (c *channel) since(after int64) ([]step, bool) {
	i, _ := slices.BinarySearchFunc(c.steps, after+1, func(s step, seq int64) int { return cmp.Compare(s.Seq, seq) })
	switch {
	case after < c.base,
		after > c.view.Seq && after < c.doubt,
		i < len(c.steps) && after > c.steps[i].from:
		return nil, false
	}
	return c.steps[i:], true
}
