package eval

import (
	"encoding/binary"
	"math/bits"
)

// index finds the numbers of names: an open-addressed table of 4 bytes a slot,
// where a map would hold the names too. A check of one flag among many reads
// little of it, and a copy is made at the speed of memory.
//
// A slot is 0 where it is empty. Otherwise its low bits, as many as it takes to
// number the slots, are the number of a name plus 1, and the others are those
// of the name's hash, whose low bits say where the search begins. What matches
// may be another name, which the caller must compare.
type index struct {
	slots []uint32 // a power of 2 of them, at most half used
	used  int      // also the number that the next name gets
}

const minSlots = 8

// newIndex returns an index with room for n names.
func newIndex(n int) index {
	return index{slots: make([]uint32, max(minSlots, 1<<bits.Len(uint(max(2*n-1, 0)))))}
}

// full reports whether there is no room for another name.
func (x *index) full() bool { return 2*x.used >= len(x.slots) }

// add gives a name that is not in the index the next number. There must be
// room for it, and the slots must not be those of a Set in use.
func (x *index) add(name string) {
	mask := uint32(len(x.slots) - 1)
	hash := hashName(name)
	at := hash
	for x.slots[at&mask] != 0 {
		at++
	}
	x.used++
	x.slots[at&mask] = hash&^mask | uint32(x.used)
}

// hashName spreads names, 8 bytes at a time. Names come from the configuration,
// so that nobody has a use for collisions.
func hashName(name string) uint32 {
	hash := uint64(len(name))
	for ; len(name) >= 8; name = name[8:] {
		hash = fold(hash ^ (uint64(block(name)) | uint64(block(name[4:]))<<32))
	}
	tail := uint64(0)
	for i := range len(name) {
		tail = tail<<8 | uint64(name[i])
	}
	return uint32(fold(hash ^ tail))
}

// fold multiplies by 2^64 over the golden ratio (Knuth, The Art of Computer
// Programming 6.4), and keeps of the product what every bit of x has a part in.
func fold(x uint64) uint64 {
	high, low := bits.Mul64(x, 0x9e3779b97f4a7c15)
	return high ^ low
}

// find returns the number that a name has, and the program with it; -1, and
// that of an unknown flag, for a name that has none. It compares sizes as they
// are encoded: in one byte, for nearly all names.
func (s *Set) find(name string) (int32, *program) {
	slots := s.index.slots
	if len(slots) == 0 {
		return -1, &nothing
	}
	hash, mask := hashName(name), uint32(len(slots)-1)
	for at := hash; ; at++ {
		slot := slots[at&mask]
		if slot == 0 {
			return -1, &nothing
		}
		if (slot^hash)&^mask != 0 {
			continue
		}
		n := int32(slot&mask) - 1
		p := s.program(n)
		packed := s.names[p.name:]
		if len(name) >= 1<<7 {
			if string(unpack(packed)) == name {
				return n, p
			}
		} else if int(packed[0]) == len(name) && string(packed[1:1+len(name)]) == name {
			return n, p
		}
	}
}

// unpack returns the first of packed names.
func unpack(packed []byte) []byte {
	size, from := binary.Uvarint(packed)
	return packed[from : from+int(size)]
}
