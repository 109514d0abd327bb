package eval

// index finds the numbers of flags by their names: an open-addressed table of
// 8 bytes a slot, where a map would hold the names too. A check of one flag
// among many reads little of it, and a copy is made at the speed of memory.
type index struct {
	slots []slot // a power of 2 of them, at most 3/4 used
	used  int
}

// slot is a name's place in the table. The zero slot is empty.
type slot struct {
	hash   uint32
	number int32 // plus 1
}

const minSlots = 8

// hashName spreads names by a multiplication for every 4 bytes (the constant
// is 2^64 over the golden ratio; Knuth, The Art of Computer Programming 6.4).
// Names come from the configuration, so that nobody has a use for collisions.
func hashName(name string) uint32 {
	const golden = 0x9e3779b97f4a7c15
	h := uint64(len(name))
	for ; len(name) >= 4; name = name[4:] {
		h = (h ^ uint64(block(name))) * golden
		h ^= h >> 32
	}
	for i := range len(name) {
		h = h<<8 ^ uint64(name[i])
	}
	h *= golden
	return uint32(h >> 32)
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
	if 4*(x.used+1) > 3*len(x.slots) {
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
