package sdk

import (
	"sync"
	"sync/atomic"
)

// Sizes of a generation of the seen set, in slots; at most half are used.
const (
	minGeneration = 1 << 10
	maxGeneration = 1 << 17
)

// seen remembers which 64-bit hashes were added, in bounded memory: two
// generations of at most 65,536 each, 2 MiB together. When the younger is full
// the older is forgotten, and a hash that is forgotten counts as new again.
// Two units with one hash would be taken for one: among 131,072 hashes the
// chance that a new unit meets one is 7e-15.
//
// A look-up takes no lock. Hash 0 stands for an empty slot: it is never added.
type seen struct {
	mu        sync.Mutex // serialises additions
	young     atomic.Pointer[generation]
	old       atomic.Pointer[generation]
	forgotten atomic.Uint64
}

// has reports whether h was added and is not forgotten.
func (s *seen) has(h uint64) bool {
	return s.young.Load().has(h) || s.old.Load().has(h)
}

// add adds h if it is new and keep, which is called then, agrees.
func (s *seen) add(h uint64, keep func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.has(h) || !keep() {
		return
	}
	s.room().put(h)
}

// room returns a young generation with a free slot.
func (s *seen) room() *generation {
	g := s.young.Load()
	switch {
	case g == nil:
		g = newGeneration(minGeneration)
	case 2*g.used < len(g.slots):
		return g
	case len(g.slots) < maxGeneration:
		g = g.grown()
	default:
		if old := s.old.Swap(g); old != nil {
			s.forgotten.Add(uint64(old.used))
		}
		g = newGeneration(maxGeneration)
	}
	s.young.Store(g)
	return g
}

// generation is an open-addressed table of hashes whose length is a power
// of 2. Slots go from 0 to a hash once, so that readers need no lock.
type generation struct {
	slots []atomic.Uint64
	used  int // guarded by seen.mu
}

func newGeneration(slots int) *generation {
	return &generation{slots: make([]atomic.Uint64, slots)}
}

// has reports whether h is in the table; it is in none that is nil.
func (g *generation) has(h uint64) bool {
	if g == nil {
		return false
	}
	mask := uint64(len(g.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch g.slots[i].Load() {
		case h:
			return true
		case 0:
			return false
		}
	}
}

// put adds a hash that is not in the table, which has a free slot.
func (g *generation) put(h uint64) {
	mask := uint64(len(g.slots) - 1)
	i := h & mask
	for g.slots[i].Load() != 0 {
		i = (i + 1) & mask
	}
	g.slots[i].Store(h)
	g.used++
}

// grown returns a table of twice the length with the same hashes.
func (g *generation) grown() *generation {
	double := newGeneration(2 * len(g.slots))
	for i := range g.slots {
		if h := g.slots[i].Load(); h != 0 {
			double.put(h)
		}
	}
	return double
}
