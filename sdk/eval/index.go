package eval

import "math/bits"

// index finds the numbers of flags by their names: an open-addressed table of
// 8 bytes a slot, where a map would hold the names too. A check of one flag
// among many reads little of it, and a copy is made at the speed of memory.
type index struct {
	slots []slot // a power of 2 of them, at most half used
	used  int
}

// slot is a name's place in the table. The zero slot is empty.
type slot struct {
	hash   uint32
	number int32 // plus 1
}

const minSlots = 8

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

// find returns the number that a name has, -1 for one that has none.
func (s *Set) find(name string) int32 {
	slots := s.index.slots
	if len(slots) == 0 {
		return -1
	}
	hash := hashName(name)
	for at := hash; ; at++ {
		found := slots[at&uint32(len(slots)-1)]
		n := found.number - 1
		if n < 0 || found.hash == hash && s.program(n).name == name {
			return n
		}
	}
}

// add gives a name that is not in the table its number. The slots must not be
// those of a Set in use.
func (x *index) add(name string, number int32) {
	if 2*(x.used+1) > len(x.slots) {
		old := x.slots
		x.slots = make([]slot, max(minSlots, 2*len(old)))
		for _, s := range old {
			if s.number > 0 {
				x.put(s)
			}
		}
	}
	x.put(slot{hash: hashName(name), number: number + 1})
	x.used++
}

// put stores a slot in the first empty one from where its hash points.
func (x *index) put(s slot) {
	mask := uint32(len(x.slots) - 1)
	at := s.hash
	for x.slots[at&mask].number > 0 {
		at++
	}
	x.slots[at&mask] = s
}
