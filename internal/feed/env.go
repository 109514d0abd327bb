package feed

import (
	"context"
	"sync"

	"github.com/lockflight/lockflight/internal/control"
)

// maxChannels is how many scopes of an environment are kept ready before those
// that nobody subscribes to are let go, the longest unused first. Prefixes
// come from clients, so that scopes are without number.
const maxChannels = 256

// Env is one environment: its current snapshot, and a channel for each scope
// in which it is read. Its methods may be called from any goroutine.
type Env struct {
	hub  *Hub
	name string

	mu       sync.Mutex
	now      *snapshot
	channels map[string]*channel
	uses     int64
}

func newEnv(h *Hub, name string, in control.Served) *Env {
	return &Env{hub: h, name: name, now: newSnapshot(in, h.shared), channels: map[string]*channel{}}
}

// Snapshot returns what a scope sees now.
func (e *Env) Snapshot(scope Scope) *View {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.channel(scope).view
}

// Project returns the project of a flag that the environment serves, to any
// scope, and whether it does.
func (e *Env) Project(name string) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i, found := findFlag(e.now.flags, name)
	if !found {
		return "", false
	}
	return e.now.flags[i].Project, true
}

// Delta returns what a client that holds revision after needs to hold the
// newest: the updates since, or a hydration where after is not known here.
// There is none, and ok is false, where nothing changed.
func (e *Env) Delta(ctx context.Context, scope Scope, after int64) (m Message, ok bool) {
	known := e.known(ctx, after)
	view, updates, replay, reached := e.read(scope, after)
	switch {
	case !known || !reached:
		return view.hydration(), true
	case len(updates) == 0:
		return Message{}, false
	case len(updates) == 1:
		return updates[0].Message, true
	}
	return replay(), true
}

// read returns a scope's view and the updates since a revision, as of one
// moment; encoding either is left for after the lock.
func (e *Env) read(scope Scope, after int64) (v *View, updates []step, replay func() Message, reached bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.channel(scope)
	updates, reached = c.since(after)
	return c.view, updates, c.replay(c.view.Seq, updates), reached
}

// Subscribe starts to follow a scope from revision after, 0 for a client that
// holds nothing. The caller closes the subscription.
func (e *Env) Subscribe(ctx context.Context, scope Scope, after int64) *Subscription {
	if !e.known(ctx, after) {
		after = unknown
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.channel(scope)
	c.subscribers++
	return &Subscription{env: e, channel: c, seq: after}
}

// known reports whether a revision that a client names can be one of this
// log's. Another replica may have been ahead of this one, which then catches
// up; a revision that is still ahead was given by a log that is gone.
func (e *Env) known(ctx context.Context, after int64) bool {
	if after > e.seq() {
		_ = e.hub.Sync(ctx) // where it fails, a hydration is right as well
	}
	return after > 0 && after <= e.seq()
}

func (e *Env) seq() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now.seq
}

// advance takes in an update and hands it to the scopes that can see it.
func (e *Env) advance(seq int64, u control.Update) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := e.now.seq
	e.now = e.now.apply(seq, u, e.hub.shared)
	if len(u.Flags)+len(u.Removed)+len(u.Segments) == 0 {
		return
	}
	for _, c := range e.channels {
		c.advance(from, newView(e.name, c.view.scope, e.now, e.hub.sign))
	}
}

// channel returns the channel of a scope, a new one where there is none. The
// caller holds mu.
func (e *Env) channel(scope Scope) *channel {
	scope = scope.normal()
	key := scope.key()
	c := e.channels[key]
	if c == nil {
		e.evict()
		c = newChannel(e.hub.limits, newView(e.name, scope, e.now, e.hub.sign))
		e.channels[key] = c
	}
	e.uses++
	c.used = e.uses
	return c
}

// evict makes room for one more channel where some are idle.
func (e *Env) evict() {
	for len(e.channels) >= maxChannels {
		oldest := ""
		for key, c := range e.channels {
			if c.subscribers == 0 && (oldest == "" || c.used < e.channels[oldest].used) {
				oldest = key
			}
		}
		if oldest == "" {
			return
		}
		delete(e.channels, oldest)
	}
}
