package store

import (
	"context"
	"sync"
)

// topic is what a wake-up is about.
type topic string

// The topics, which are also PostgreSQL's notification channels.
const (
	topicLog      topic = "lockflight_log"
	topicEvidence topic = "lockflight_evidence"
)

// Changed returns a channel that is closed when the log has grown, in this
// process or, while Run runs, in another. It is a hint and may come for
// nothing: take the channel, read what is new by its sequence number, and only
// then wait.
func (db *DB) Changed() <-chan struct{} { return db.changed.wait() }

// EvidenceArrived is Changed for batches of evidence.
func (db *DB) EvidenceArrived() <-chan struct{} { return db.arrived.wait() }

// Run passes on the wake-ups of other processes until ctx ends, and returns
// ctx's error. Without it nothing is lost but their promptness.
func (db *DB) Run(ctx context.Context) error { return db.dialect.listen(ctx, db) }

// wake wakes the waiters of a topic in this process.
func (db *DB) wake(t topic) {
	switch t {
	case topicLog:
		db.changed.wake()
	case topicEvidence:
		db.arrived.wake()
	}
}

// announce wakes other processes once the transaction has committed.
func (db *DB) announce(s *session, t topic) error {
	notify := db.dialect.notify(t)
	if notify == "" {
		return nil
	}
	_, err := s.exec("announce the change", notify)
	return err
}

// wakeup wakes all that wait for it. The zero wakeup is ready for use.
type wakeup struct {
	mu sync.Mutex
	ch chan struct{}
}

func (w *wakeup) wait() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ch == nil {
		w.ch = make(chan struct{})
	}
	return w.ch
}

func (w *wakeup) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ch != nil {
		close(w.ch)
		w.ch = nil
	}
}
