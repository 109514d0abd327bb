package gate

import "sync/atomic"

// Room bounds what the ledgers of a process remember together. A unit takes
// one place of it, and so does an outcome that waits for its exposure. Without
// room a line is not counted, and that is never silent: the signals of its
// release are MISSING, since what they have seen is a part that nobody chose.
type Room struct{ free, size atomic.Int64 }

// NewRoom returns a Room of so many places.
func NewRoom(places int) *Room {
	r := &Room{}
	r.free.Store(int64(places))
	r.size.Store(int64(places))
	return r
}

// Used returns how many places are taken.
func (r *Room) Used() int64 { return r.size.Load() - r.free.Load() }

// take takes a place, and returns false where there is none. No Room has no
// bound.
func (r *Room) take() bool {
	if r == nil {
		return true
	}
	if r.free.Add(-1) < 0 {
		r.free.Add(1)
		return false
	}
	return true
}

// giveBack returns so many places.
func (r *Room) giveBack(places int) {
	if r != nil {
		r.free.Add(int64(places))
	}
}

// Close gives the ledger's places back. It must not be used any more.
func (l *Ledger) Close() {
	l.options.Room.giveBack(l.places)
	l.places = 0
}

// take takes a place for a unit or an outcome that waits.
func (l *Ledger) take() bool {
	if !l.options.Room.take() {
		return false
	}
	l.places++
	return true
}

// served gives back the places of a unit's outcomes that have waited.
func (l *Ledger) served(u int32) {
	n := len(l.waiting[u])
	delete(l.waiting, u)
	l.options.Room.giveBack(n)
	l.places -= n
}

// Overflow returns how many lines were not counted for want of room.
func (l *Ledger) Overflow() int64 { return l.rejected[Overflow] }
