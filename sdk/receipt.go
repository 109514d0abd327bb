package sdk

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxReceipts is how many receipts wait to be sent, at most.
const maxReceipts = 256

// Receipt says that this instance began to serve the configuration with the
// sequence number Seq at At: from then on its answers were at least that new.
type Receipt struct {
	Seq int64     `json:"seq"`
	At  time.Time `json:"at"`
}

// receiptsPath is where receipts are told at once. A server that has no such
// place finds them beside the metrics.
const receiptsPath = "/api/v1/receipts"

// receiptsAfter is how long receipts gather, and about when they are sent: a
// fleet that was sent a change together does not acknowledge it together.
const receiptsAfter = 100 * time.Millisecond

// acknowledgement is the body of POST /api/v1/receipts.
type acknowledgement struct {
	identity
	Applied []Receipt `json:"applied"`
}

// acknowledging tells the server what is served as soon as it is, until ctx
// ends. What cannot be told is reported with the metrics.
func (c *Client) acknowledging(running, sending context.Context) {
	for {
		select {
		case <-c.metrics.receipts.added:
		case <-running.Done():
			return
		}
		if !pause(running, receiptsAfter/2+rand.N(receiptsAfter)) {
			return
		}
		err := c.exclusively(sending, c.metrics.acknowledge)
		if refused(err) {
			return // the server has no place for them, and will not have one soon
		}
		if err != nil {
			c.logger.LogAttrs(running, slog.LevelDebug, "receipts could not be sent; they follow with the metrics", slog.Any("error", err))
		}
	}
}

// acknowledge sends the receipts that wait.
func (m *metrics) acknowledge(ctx context.Context) error {
	waiting := m.receipts.pending()
	if len(waiting) == 0 {
		return nil
	}
	if err := m.api.postJSON(ctx, receiptsPath, acknowledgement{m.identity, waiting}); err != nil {
		return err
	}
	m.receipts.delivered(waiting[len(waiting)-1].Seq)
	return nil
}

// receipts keeps what is to be reported. Of too many the oldest is dropped:
// a later one says at least as much, only later.
type receipts struct {
	mu      sync.Mutex
	waiting []Receipt
	last    int64 // the highest Seq that was added
	dropped atomic.Uint64
	added   chan struct{} // holds one while there may be receipts to send
}

// add notes that seq is served from at on. A seq that is not above all before
// says nothing new: the server or its edge went back in time.
func (r *receipts) add(seq int64, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seq <= r.last {
		return
	}
	r.last = seq
	if len(r.waiting) == maxReceipts {
		r.waiting = append(r.waiting[:0], r.waiting[1:]...)
		r.dropped.Add(1)
	}
	r.waiting = append(r.waiting, Receipt{Seq: seq, At: at.UTC()})
	select {
	case r.added <- struct{}{}:
	default:
	}
}

// pending returns what waits to be sent.
func (r *receipts) pending() []Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.waiting)
}

// delivered forgets those up to seq.
func (r *receipts) delivered(seq int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) > 0 && r.waiting[0].Seq <= seq {
		r.waiting = r.waiting[1:]
	}
}
