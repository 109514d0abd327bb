package store

import (
	"context"
	"slices"
	"sync"

	"github.com/lockflight/lockflight/internal/control"
)

// queue lets one writer at a time through, in order of arrival, urgent ones
// first. The zero queue is ready for use.
type queue struct {
	mu      sync.Mutex
	busy    bool
	urgent  []chan struct{}
	regular []chan struct{}
}

// acquire waits for the turn of the caller, who must release it. It returns
// ctx's error where that ends first, and the caller then has no turn.
func (q *queue) acquire(ctx context.Context, pri control.Priority) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	turn, ok := q.enter(pri)
	if ok {
		return nil
	}
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		q.leave(turn)
		return ctx.Err()
	}
}

// enter takes a free turn, or returns the channel that is closed when the
// turn comes.
func (q *queue) enter(pri control.Priority) (turn chan struct{}, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.busy {
		q.busy = true
		return nil, true
	}
	turn = make(chan struct{})
	if pri == control.Urgent {
		q.urgent = append(q.urgent, turn)
	} else {
		q.regular = append(q.regular, turn)
	}
	return turn, false
}

// leave gives up waiting, and passes the turn on where it came meanwhile.
func (q *queue) leave(turn chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, line := range []*[]chan struct{}{&q.urgent, &q.regular} {
		if i := slices.Index(*line, turn); i >= 0 {
			*line = slices.Delete(*line, i, i+1)
			return
		}
	}
	q.next()
}

// length returns how many wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.urgent) + len(q.regular)
}

// release ends the caller's turn.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next()
}

func (q *queue) next() {
	for _, line := range []*[]chan struct{}{&q.urgent, &q.regular} {
		if len(*line) > 0 {
			close((*line)[0])
			*line = slices.Delete(*line, 0, 1)
			return
		}
	}
	q.busy = false
}
