package mcpserver

import (
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// The bounds of the plans that a server remembers.
const (
	planLife    = time.Hour
	requestLife = 7 * 24 * time.Hour // of what waits for people
	maxPlans    = 2_000              // of all callers
)

// plan is what a caller has planned, to be applied under its digest.
type plan struct {
	configuration control.Configuration
	flags         []string // that it is about, with their revisions
	revision      int64    // of its flag, where it is about one; else 0
	expires       time.Time
	applied       *appliedChange // what an earlier call answered
	request       string         // the change request that was made of it
}

// plans remembers plans, each for whoever made it: a digest of somebody else's is
// worth nothing. They are not kept through a restart.
type plans struct {
	now func() time.Time

	mu   sync.Mutex
	made map[string]*plan
}

func newPlans(now func() time.Time) *plans { return &plans{now: now, made: map[string]*plan{}} }

// keep remembers a plan and returns when it ends.
func (ps *plans) keep(owner, digest string, p plan) time.Time {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.makeRoom()
	p.expires = ps.now().Add(planLife)
	ps.made[owner+"\n"+digest] = &p
	return p.expires
}

// find returns a plan of an owner, or an Error that it is there no longer.
func (ps *plans) find(owner, digest string) (plan, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p, ok := ps.made[owner+"\n"+digest]; ok && ps.now().Before(p.expires) {
		return *p, nil
	}
	return plan{}, control.Errorf(control.NotFound, codeExpired, "no plan of yours has this digest: plans last an hour, and are those of one server")
}

// ask remembers the change request that was made of a plan, or of what has no
// other plan.
func (ps *plans) ask(owner, digest, request string) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.makeRoom()
	p, ok := ps.made[owner+"\n"+digest]
	if !ok {
		p = &plan{}
		ps.made[owner+"\n"+digest] = p
	}
	p.request, p.expires = request, ps.now().Add(requestLife)
}

// forget drops a plan.
func (ps *plans) forget(owner, digest string) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.made, owner+"\n"+digest)
}

// note changes what is remembered of a plan, for calls that repeat it.
func (ps *plans) note(owner, digest string, change func(*plan)) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p, ok := ps.made[owner+"\n"+digest]; ok {
		change(p)
	}
}

// makeRoom drops what has ended and, where that is not enough, what ends next.
func (ps *plans) makeRoom() {
	if len(ps.made) < maxPlans {
		return
	}
	now, next := ps.now(), ""
	for id, p := range ps.made {
		if !now.Before(p.expires) {
			delete(ps.made, id)
		} else if next == "" || p.expires.Before(ps.made[next].expires) {
			next = id
		}
	}
	if len(ps.made) >= maxPlans {
		delete(ps.made, next)
	}
}
