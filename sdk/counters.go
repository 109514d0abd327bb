package sdk

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// A counter is known by its slot. Goroutines count in different lanes, so that
// a flag that every core checks is no cache line that every core writes; a
// counter's value is the sum over its lanes. A block has the counters of
// blockSlots slots that follow one another, and of each lane only those that a
// goroutine has counted in: 4 KiB.
//
// Counters of flags that are checked in turn lie close together: what a check
// of one flag among thousands costs is the cache lines that it touches.
const (
	blockBits  = 9
	blockSlots = 1 << blockBits
	laneBits   = 5
)

type (
	lane  [blockSlots]atomic.Uint64
	block struct {
		lanes [1 << laneBits]atomic.Pointer[lane]
	}
)

// laneMask says how many lanes are in use: at least two for each core, so that
// two goroutines seldom meet in one.
var laneMask = uint64(1)<<min(bits.Len(uint(2*runtime.GOMAXPROCS(0)-1)), laneBits) - 1

// counters are the blocks of the slots from 0. The zero counters have none.
type counters []*block

// add counts one.
func (c counters) add(slot uint32) {
	mine := c.mine(slot)
	cells := mine.Load()
	if cells == nil {
		cells = openLane(mine)
	}
	cells[slot%blockSlots].Add(1)
}

// mine returns the calling goroutine's lane of a slot's block. It is chosen by
// a hash of where the goroutine's stack is: that costs no atomic operation, and
// it stays the same while one goroutine counts.
func (c counters) mine(slot uint32) *atomic.Pointer[lane] {
	var here byte
	stack := uint64(uintptr(unsafe.Pointer(&here))) >> 11
	return &c[slot>>blockBits].lanes[stack*0x9e3779b97f4a7c15>>(64-laneBits)&laneMask]
}

func openLane(mine *atomic.Pointer[lane]) *lane {
	if fresh := new(lane); mine.CompareAndSwap(nil, fresh) {
		return fresh
	}
	return mine.Load()
}

// take returns a counter's value and leaves 0.
func (c counters) take(slot uint32) (sum uint64) {
	b := c[slot>>blockBits]
	for i := range b.lanes {
		if cells := b.lanes[i].Load(); cells != nil && cells[slot%blockSlots].Load() != 0 {
			sum += cells[slot%blockSlots].Swap(0)
		}
	}
	return sum
}

// upTo returns counters that have the slots below n, the same ones where they
// were there before.
func (c counters) upTo(n uint32) counters {
	for uint32(len(c))<<blockBits < n {
		c = append(c, new(block))
	}
	return c
}
