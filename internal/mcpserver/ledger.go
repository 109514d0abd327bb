package mcpserver

import (
	"bytes"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// The bounds of what a server remembers between calls.
const (
	keyLife = 24 * time.Hour
	maxKeys = 10_000 // of all callers
)

// ledger remembers what was done under an idempotency key, so that a call that
// is repeated is answered and not carried out again.
type ledger struct {
	now func() time.Time

	mu   sync.Mutex
	done map[string]*deed
}

// deed is one call under a key; its answer is nil while it is carried out.
type deed struct {
	args   [sha256.Size]byte
	at     time.Time
	answer any
}

func newLedger(now func() time.Time) *ledger { return &ledger{now: now, done: map[string]*deed{}} }

// once carries out do, unless it was under this key of this caller, and returns
// what it answered then. An empty key is none. Other arguments under the same
// key are a Conflict; so is a call while the first is carried out. What failed
// is forgotten.
func (l *ledger) once(caller, key string, args []byte, do func() (any, error)) (any, error) {
	if key == "" {
		return do()
	}
	sum, id := sha256.Sum256(bytes.TrimSpace(args)), caller+"\n"+key
	mine, err := l.claim(id, sum)
	if err != nil || mine.answer != nil {
		return mine.answer, err
	}
	out, err := do()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		delete(l.done, id)
		return nil, err
	}
	l.done[id] = &deed{args: sum, at: mine.at, answer: out}
	return out, nil
}

// claim returns what was done under a key, or notes that it is being done now.
func (l *ledger) claim(id string, sum [sha256.Size]byte) (deed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if d, ok := l.done[id]; ok && now.Sub(d.at) < keyLife {
		switch {
		case d.args != sum:
			return deed{}, control.Errorf(control.Conflict, codeMismatch, "this idempotencyKey was used with other arguments")
		case d.answer == nil:
			return deed{}, control.Errorf(control.Conflict, codeProgress, "a call under this idempotencyKey is being carried out")
		}
		return *d, nil
	}
	l.makeRoom(now)
	d := &deed{args: sum, at: now}
	l.done[id] = d
	return *d, nil
}

// makeRoom drops what has ended and, where that is not enough, the oldest that
// is not being carried out.
func (l *ledger) makeRoom(now time.Time) {
	if len(l.done) < maxKeys {
		return
	}
	oldest := ""
	for id, d := range l.done {
		switch {
		case d.answer == nil:
		case now.Sub(d.at) >= keyLife:
			delete(l.done, id)
		case oldest == "" || d.at.Before(l.done[oldest].at):
			oldest = id
		}
	}
	if len(l.done) >= maxKeys {
		delete(l.done, oldest)
	}
}
