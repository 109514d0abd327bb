package sdk

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Counting into tallies that are opened and opened again, and collected in
// between, loses nothing and counts nothing twice.
func TestLedgerKeepsEveryCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l ledger
		var open []tally
		var names []string
		got, want := make(usage), make(usage)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				name := strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "flag"))
				variants := []string{"disabled", "a", "b"}[:rapid.IntRange(1, 3).Draw(t, "variants")]
				open, names = append(open, l.open(name, variants)), append(names, name)
			case 1:
				l.collect(got)
			default:
				if len(open) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(open)-1).Draw(t, "tally")
				books := l.opened()
				books.checks.add(open[i].checks + 1)
				books.countVariant(open[i], 0, false)
				books.countVariant(open[i], 0, true)
				want.add(names[i], Count{Yes: 2, No: 1, Variants: map[string]uint64{"disabled": 2}})
			}
		}
		l.collect(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestLedgerTakesFlagsOfManyVariants(t *testing.T) {
	t.Parallel()
	variants := make([]string, 2*blockSlots)
	for i := range variants {
		variants[i] = strconv.Itoa(i)
	}
	var l ledger
	tally := l.open("f", variants)
	books := l.opened()
	books.countVariant(tally, len(variants)-1, true)
	got := make(usage)
	l.collect(got)
	want := usage{"f": {Yes: 1, Variants: map[string]uint64{variants[len(variants)-1]: 1}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTallyAmongGoroutines(t *testing.T) {
	t.Parallel()
	const each = 50_000
	var l ledger
	tally, got := l.open("f", nil), make(usage)
	books := l.opened()
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			for range each {
				books.checks.add(tally.checks + uint32(i%2))
			}
		})
	}
	l.collect(got)
	work.Wait()
	l.collect(got)
	if diff := cmp.Diff(usage{"f": {Yes: 2 * each, No: 2 * each}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnknownsAreBounded(t *testing.T) {
	t.Parallel()
	var u unknowns
	for i := range maxUnknown + 5 {
		u.count(strconv.Itoa(i), true)
		u.count("0", false)
	}
	u.count(strings.Repeat("x", maxUnknownName+1), true)
	got := make(usage)
	u.collect(got)
	if len(got) != maxUnknown || got["0"].No != maxUnknown+5 {
		t.Errorf("%d names, want %d; 0: %+v", len(got), maxUnknown, got["0"])
	}
	if dropped := u.dropped.Load(); dropped != 6 {
		t.Errorf("dropped = %d, want 6", dropped)
	}
}

func TestUnknownsAmongGoroutines(t *testing.T) {
	t.Parallel()
	var u unknowns
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for i := range 10_000 {
				u.count(strconv.Itoa(i%50), true)
			}
		})
	}
	work.Wait()
	got := make(usage)
	u.collect(got)
	for name, n := range got {
		if n.Yes != 800 {
			t.Errorf("%s: %d, want 800", name, n.Yes)
		}
	}
}
