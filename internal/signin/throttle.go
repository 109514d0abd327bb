package signin

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// The limits of guessing. A network that tries one account and fails waits
// longer each time, but never for ever, and only it: whoever tries the same
// account from elsewhere does not, so that nobody can be locked out.
const (
	freeFailures = 5
	firstWait    = time.Second
	longestWait  = 15 * time.Minute
	perNetwork   = 20 // attempts in a minute, whatever the accounts
	maxTracked   = 1 << 16
)

// throttle counts failures, in this process.
type throttle struct {
	now      func() time.Time
	mu       sync.Mutex
	failures map[attempt]*failures
	networks map[netip.Prefix]*window
}

// attempt is an account that a network tries, by the name that was typed.
type attempt struct {
	login   string
	network netip.Prefix
}

type failures struct {
	count int
	until time.Time
}

type window struct {
	began time.Time
	count int
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, failures: map[attempt]*failures{}, networks: map[netip.Prefix]*window{}}
}

// network is what one attacker is taken to hold: an IPv4 address, or a /64.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.WithZone("").Prefix(bits)
	return p
}

func attemptOf(login string, addr netip.Addr) attempt {
	return attempt{strings.ToLower(login), network(addr)}
}

// enter lets an attempt begin, or returns an Error of Kind Limited.
func (t *throttle) enter(a attempt) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if len(t.networks) >= maxTracked {
		clear(t.networks)
	}
	w := t.networks[a.network]
	if w == nil || now.Sub(w.began) >= time.Minute {
		w = &window{began: now}
		t.networks[a.network] = w
	}
	if w.count++; w.count > perNetwork {
		return tooMany(w.began.Add(time.Minute).Sub(now))
	}
	if f := t.failures[a]; f != nil && now.Before(f.until) {
		return tooMany(f.until.Sub(now))
	}
	return nil
}

// failed notes that an attempt was wrong.
func (t *throttle) failed(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if len(t.failures) >= maxTracked {
		clear(t.failures)
	}
	f := t.failures[a]
	if f == nil || now.Sub(f.until) > longestWait && f.count > freeFailures {
		f = &failures{}
		t.failures[a] = f
	}
	if f.count++; f.count >= freeFailures {
		wait := firstWait << min(f.count-freeFailures, 20)
		f.until = now.Add(min(wait, longestWait))
	}
}

// succeeded forgets what went before.
func (t *throttle) succeeded(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.failures, a)
}

func tooMany(wait time.Duration) error {
	return control.Errorf(control.Limited, "too_many_attempts", "too many attempts; try again in %v", wait.Round(time.Second)+time.Second)
}
