package sdk

import (
	"slices"
	"sync"
)

// tally is where the checks of one flag are counted: the slots of its first
// counters. No tally has the slot 0 in checks, so that the zero tally is one
// of a flag that is unknown.
type tally struct {
	checks  uint32 // of Bool: answers with "off", then with "on"; even
	answers uint32 // of Variant: see slotDisabled
}

// The counters of a tally's answers: the disabled variant of a flag that is
// off, and then one for each variant of a flag that is on, the disabled one
// first.
const (
	slotDisabled = iota
	slotVariants
)

// books are the counters that tallies name. Checks are kept apart from
// answers: most flags are only ever asked for one of the two.
type books struct{ checks, answers counters }

// countVariant counts the variant with this position among those that the
// tally was opened with.
func (b *books) countVariant(t tally, position int, on bool) {
	slot := t.answers + slotDisabled
	if on {
		slot = t.answers + slotVariants + uint32(max(position, 0))
	}
	b.answers.add(slot)
}

// take moves the counts of a tally into usage.
func (b *books) take(t tally, usage usage, flag string, variants []string) {
	n := Count{No: b.checks.take(t.checks), Yes: b.checks.take(t.checks + 1)}
	disabledOff := b.answers.take(t.answers + slotDisabled)
	n.No += disabledOff
	for i, variant := range variants {
		times := b.answers.take(t.answers + slotVariants + uint32(i))
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
	books   books
	checks  uint32 // slots of books that are given out
	answers uint32
}

type entry struct {
	tally    tally
	variants []string
}

// open returns the tally of a flag that can answer with these variants.
func (l *ledger) open(flag string, variants []string) tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := l.entries[flag]
	for _, e := range entries {
		if slices.Equal(e.variants, variants) {
			return e.tally
		}
	}
	t := tally{answers: l.answers}
	l.answers += slotVariants + uint32(len(variants))
	l.books.answers = l.books.answers.upTo(l.answers)
	if len(entries) > 0 {
		t.checks = entries[0].tally.checks
	} else {
		l.checks += 2
		t.checks = l.checks
		l.books.checks = l.books.checks.upTo(l.checks + 2)
	}
	if l.entries == nil {
		l.entries = make(map[string][]entry)
	}
	l.entries[flag] = append(entries, entry{tally: t, variants: variants})
	return t
}

// opened returns the books in which every tally that was opened can count.
func (l *ledger) opened() books {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.books
}

// collect moves every count into usage.
func (l *ledger) collect(usage usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for flag, entries := range l.entries {
		for _, e := range entries {
			l.books.take(e.tally, usage, flag, e.variants)
		}
	}
}
