package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

const (
	// groupTime bounds the transaction of one group.
	groupTime = 10 * time.Second
	// groupBytes is the size at which a group is full.
	groupBytes = 16 << 20
)

// group commits the evidence of concurrent callers together: while one of them
// leads a commit, the others gather, and the next leader takes all of them
// along. A caller so waits for two commits at most, and no timer runs.
type group struct {
	commit func(context.Context, []*request) error
	lead   chan struct{} // holds one token while a caller leads

	mu      sync.Mutex
	waiting []*request
}

// request is one caller's part of a group.
type request struct {
	now     time.Time
	batches []control.EvidenceBatch
	done    chan struct{}
	err     error // valid once done is closed
}

func newGroup(commit func(context.Context, []*request) error) *group {
	return &group{commit: commit, lead: make(chan struct{}, 1)}
}

// do returns once r is committed, by this caller or by another. Where ctx ends
// before a group has taken r along, nothing of r is stored.
func (g *group) do(ctx context.Context, r *request) error {
	g.mu.Lock()
	g.waiting = append(g.waiting, r)
	g.mu.Unlock()
	select {
	case <-r.done:
		return r.err
	case g.lead <- struct{}{}:
		defer func() { <-g.lead }()
		g.run(ctx, r)
		return r.err
	case <-ctx.Done():
		if g.withdraw(r) {
			return interrupted(ctx.Err(), "wait for other evidence")
		}
		<-r.done // it is being committed: only the outcome tells what is stored
		return r.err
	}
}

// run commits groups until r is done. A leader that gives up would fail those
// that it has taken along, so its ctx ends nothing here.
func (g *group) run(ctx context.Context, r *request) {
	ctx = context.WithoutCancel(ctx)
	for {
		select {
		case <-r.done:
			return
		default:
			g.runOne(ctx)
		}
	}
}

func (g *group) runOne(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, groupTime)
	defer cancel()
	taken := g.take()
	err := g.commit(ctx, taken)
	for _, r := range taken {
		r.err = err
		close(r.done)
	}
}

// take removes the next group from those that wait: at least one, where there
// is one, and no more than fit in groupBytes.
func (g *group) take() []*request {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < len(g.waiting) && (n == 0 || size+g.waiting[n].size() <= groupBytes) {
		size += g.waiting[n].size()
		n++
	}
	taken := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return taken
}

// withdraw removes r, and reports whether it was still waiting.
func (g *group) withdraw(r *request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, r)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

func (r *request) size() int {
	n := 0
	for _, b := range r.batches {
		n += len(b.Lines)
	}
	return n
}
