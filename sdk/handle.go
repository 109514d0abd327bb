package sdk

import (
	"sync/atomic"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Handle is a flag that is checked often: it skips the look-up of the name. It
// goes on being of that flag when the configuration changes, and when the flag
// comes or goes. Any number of goroutines may use it.
type Handle struct {
	client *Client
	name   string
	// place is the flag's number, in states with the numbering in its upper
	// half. No state has the numbering 0.
	place atomic.Uint64
}

// Flag returns a handle of a flag, which need not be in the configuration.
// Make one for each place in the code, and keep it.
func (c *Client) Flag(name string) *Handle { return &Handle{client: c, name: name} }

// Name returns the name of the flag.
func (h *Handle) Name() string { return h.name }

// Bool is Client.Bool.
func (h *Handle) Bool(ec *eval.Context, fallback bool) bool {
	s := h.client.state.Load()
	n, tag, on := s.set.CheckAt(h.number(s), ec)
	if n < 0 {
		h.client.metrics.unknown.count(h.name, fallback)
		return fallback
	}
	s.books.checks.add(slotOf(tag, on))
	if tag&tagReleased != 0 {
		h.client.expose(s, n, ec)
	}
	return on
}

// Variant is Client.Variant.
func (h *Handle) Variant(ec *eval.Context) eval.Variant {
	s := h.client.state.Load()
	n := h.number(s)
	if n < 0 || s.flags[n].checks == 0 {
		h.client.metrics.unknown.count(h.name, false)
		return disabled
	}
	v, place := s.set.ChooseAt(n, ec)
	h.client.served(s, n, ec, place, v.FeatureEnabled)
	return v
}

// number returns the flag's number in s: one that no flag has any more where it
// was removed, -1 where it never had one.
func (h *Handle) number(s *state) int {
	place := h.place.Load()
	if n := int(uint32(place)); uint32(place>>32) == s.numbering && n < len(s.flags) {
		return n
	}
	return h.find(s)
}

// find looks the flag up by its name, and remembers where it is.
func (h *Handle) find(s *state) int {
	n, known := s.set.Index(h.name)
	if !known {
		return -1
	}
	h.place.Store(uint64(s.numbering)<<32 | uint64(uint32(n)))
	return n
}
