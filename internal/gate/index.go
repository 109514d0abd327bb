package gate

import (
	"crypto/sha256"
	"encoding/binary"
)

// hashOf returns 64 bits that stand for a name. They are the same in every
// process, since they order units that were exposed at the same moment, and
// nobody can choose two names that have the same.
func hashOf(name string) uint64 {
	sum := sha256.Sum256([]byte(name))
	return binary.LittleEndian.Uint64(sum[:])
}

// index finds units by the hash of their names, in 5 to 11 bytes each: an
// open-addressed table of their numbers, at most three quarters full.
type index struct {
	places []int32 // 1 + the unit's number; 0: free
	units  int
}

// find returns the number of the unit that has a hash, or where it would go.
func (x *index) find(hash uint64, units []unit) (u int32, place int, found bool) {
	if len(x.places) == 0 {
		return 0, 0, false
	}
	mask := len(x.places) - 1
	for place = int(hash) & mask; x.places[place] != 0; place = (place + 1) & mask {
		if u = x.places[place] - 1; units[u].hash == hash {
			return u, place, true
		}
	}
	return 0, place, false
}

// add adds the last of the units, whose hash is not known yet.
func (x *index) add(units []unit) {
	if 4*(x.units+1) > 3*len(x.places) {
		x.grow(units[:len(units)-1])
	}
	_, place, _ := x.find(units[len(units)-1].hash, units)
	x.places[place] = int32(len(units))
	x.units++
}

func (x *index) grow(units []unit) {
	x.places = make([]int32, max(2*len(x.places), 16))
	for u := range units {
		_, place, _ := x.find(units[u].hash, units)
		x.places[place] = int32(u) + 1
	}
}

// ids are the ids of lines that were seen: all of them or, where memory is
// bounded, at least the last keepIDs. A repeat of one that is forgotten folds
// into what it was folded into before.
type ids struct {
	now, before map[uint64]struct{}
	bounded     bool
}

// keepIDs is how many ids a ledger with a Room keeps, at least, and half of
// how many it keeps at most.
const keepIDs = 1 << 19

// idOf returns the hash of a line's id; 0 where it has none.
func idOf(id string) uint64 {
	if id == "" {
		return 0
	}
	return hashOf(id)
}

func (s *ids) has(id uint64) bool {
	_, now := s.now[id]
	_, before := s.before[id]
	return now || before
}

func (s *ids) add(id uint64) {
	if id == 0 {
		return
	}
	if s.now == nil || s.bounded && len(s.now) >= keepIDs {
		s.now, s.before = map[uint64]struct{}{}, s.now
	}
	s.now[id] = struct{}{}
}
