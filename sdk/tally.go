package sdk

import (
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// pageSlots is how many counters a page has in each lane.
const pageSlots = 512

// page is a block of counters, once per lane. Goroutines count in different
// lanes, so that a flag that every core checks is no cache line that every
// core writes. A counter's value is the sum over its lanes.
type page struct {
	cells []atomic.Uint64 // lane-major: slots of lane 0, then of lane 1
	slots int
	shift uint8 // a hash of 64 bits shifted right by it is a lane
}

func newPage(slots int) *page {
	lanes := bits.Len(uint(4*runtime.GOMAXPROCS(0) - 1)) // as a power of 2
	lanes = min(lanes, 6)
	return &page{cells: make([]atomic.Uint64, slots<<lanes), slots: slots, shift: uint8(64 - lanes)}
}

// add counts one in the lane of the calling goroutine. The lane is a hash of
// where the goroutine's stack is: it costs no atomic operation, and it stays
// the same while one goroutine counts in a loop.
func (p *page) add(slot uint32) {
	var here byte
	stack := uint64(uintptr(unsafe.Pointer(&here))) >> 11
	lane := int(stack * 0x9e3779b97f4a7c15 >> (p.shift & 63))
	p.cells[lane*p.slots+int(slot)].Add(1)
}

// take returns the counter's value and leaves 0.
func (p *page) take(slot uint32) uint64 {
	var sum uint64
	for i := int(slot); i < len(p.cells); i += p.slots {
		if p.cells[i].Load() != 0 {
			sum += p.cells[i].Swap(0)
		}
	}
	return sum
}

// tally is where the checks of one flag are counted, each in one counter: slot
// is that of Bool's "off", the next is that of "on". Then come those of
// Variant: the disabled variant of a flag that is off, and one for each
// variant of a flag that is on, the disabled one first.
type tally struct {
	page *page
	slot uint32
}

// The counters before those of the variants.
const (
	slotOff = iota
	slotOn
	slotDisabled
	slotVariants
)

func (t tally) count(on bool) {
	var yes uint32 // set, not branched on: see eval's evaluate
	if on {
		yes = slotOn
	}
	t.page.add(t.slot + yes)
}

// countVariant counts the variant with this position among those that the
// tally was opened with.
func (t tally) countVariant(position int, on bool) {
	slot := t.slot + slotDisabled
	if on {
		slot = t.slot + slotVariants + uint32(max(position, 0))
	}
	t.page.add(slot)
}

// take moves the counts into usage.
func (t tally) take(usage usage, flag string, variants []string) {
	n := Count{No: t.page.take(t.slot + slotOff), Yes: t.page.take(t.slot + slotOn)}
	disabledOff := t.page.take(t.slot + slotDisabled)
	n.No += disabledOff
	for i, variant := range variants {
		times := t.page.take(t.slot + slotVariants + uint32(i))
		n.Yes += times
		if i == 0 {
			times += disabledOff
		}
		usage.addVariant(flag, variant, times)
	}
	usage.add(flag, n)
}

// ledger hands out tallies and collects them. A flag keeps its tally from one
// snapshot to the next for as long as the client lives, so that a check that
// began before a swap of snapshots counts where the next collection looks:
// nothing is lost and nothing is counted twice. Only publishing and reporting
// take its lock.
type ledger struct {
	mu      sync.Mutex
	entries map[string][]entry // by flag
	last    *page
	used    int // slots of the last page that are given out
}

type entry struct {
	tally    tally
	variants []string
}

// open returns the tally of a flag that can answer with these variants.
func (l *ledger) open(flag string, variants []string) tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries[flag] {
		if slices.Equal(e.variants, variants) {
			return e.tally
		}
	}
	need := slotVariants + len(variants)
	if l.last == nil || l.used+need > l.last.slots {
		l.last, l.used = newPage(max(pageSlots, need)), 0
	}
	e := entry{tally: tally{page: l.last, slot: uint32(l.used)}, variants: variants}
	l.used += need
	if l.entries == nil {
		l.entries = make(map[string][]entry)
	}
	l.entries[flag] = append(l.entries[flag], e)
	return e.tally
}

// collect moves every count into usage.
func (l *ledger) collect(usage usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for flag, entries := range l.entries {
		for _, e := range entries {
			e.tally.take(usage, flag, e.variants)
		}
	}
}
