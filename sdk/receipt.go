package sdk

import (
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

// receipts keeps what is to be reported. Of too many the oldest is dropped:
// a later one says at least as much, only later.
type receipts struct {
	mu      sync.Mutex
	waiting []Receipt
	last    int64 // the highest Seq that was added
	dropped atomic.Uint64
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
