package control

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// credentialCheck is how long what is known of a credential holds without a
// look at the log. It bounds how late a replica sees what another has revoked.
const credentialCheck = time.Second

// maxCredentials bounds the cache; a full one starts anew.
const maxCredentials = 1 << 16

// credentials remembers whose secrets are, so that a request with a known one
// reads nothing. What it holds is true at one size of the log, and ends when
// the log grows: any write may have changed what somebody may do.
type credentials struct {
	size    atomic.Int64 // of the log, the newest that was seen here
	checked atomic.Int64 // when, in Unix nanoseconds

	mu    sync.RWMutex
	known map[[sha256.Size]byte]*credential
}

// credential is one that was valid when the log had Principal.size records.
type credential struct {
	Principal
	token Token         // zero for a session
	hash  string        // of the secret, in hex
	ends  time.Time     // zero for never
	began time.Time     // of a session
	idle  time.Duration // how long it may be unused, 0 for as long as it lasts
	used  atomic.Int64  // Unix milliseconds
	saved atomic.Int64  // the used that was written to the store
}

func newCredentials() *credentials {
	return &credentials{known: map[[sha256.Size]byte]*credential{}}
}

// find returns the credential of a digest where it is known to be valid now. It
// allocates nothing.
func (c *credentials) find(sum *[sha256.Size]byte, now time.Time) *credential {
	if age := now.UnixNano() - c.checked.Load(); age < 0 || age >= int64(credentialCheck) {
		return nil
	}
	c.mu.RLock()
	found := c.known[*sum]
	c.mu.RUnlock()
	if found == nil || found.size != c.size.Load() || found.ended(now) ||
		found.idle > 0 && now.UnixMilli()-found.used.Load() > found.idle.Milliseconds() {
		return nil
	}
	found.used.Store(now.UnixMilli())
	return found
}

// add remembers a credential as it was read at a moment.
func (c *credentials) add(sum [sha256.Size]byte, found *credential, at time.Time) {
	c.grown(found.size)
	c.mu.Lock()
	if old := c.known[sum]; old != nil {
		found.saved.Store(old.saved.Load())
	} else if len(c.known) >= maxCredentials {
		clear(c.known)
	}
	c.known[sum] = found
	c.mu.Unlock()
	found.used.Store(at.UnixMilli())
	raise(&c.checked, at.UnixNano())
}

// grown is told of a size of the log. A smaller one than is known is old news.
func (c *credentials) grown(size int64) { raise(&c.size, size) }

func raise(v *atomic.Int64, to int64) {
	for old := v.Load(); old < to; old = v.Load() {
		if v.CompareAndSwap(old, to) {
			return
		}
	}
}

func (c *credential) ended(now time.Time) bool { return !c.ends.IsZero() && !now.Before(c.ends) }
