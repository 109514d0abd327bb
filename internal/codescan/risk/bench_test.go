package risk

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample returns a diff of 30 KiB: a file of each language and then some.
func sample(t testing.TB) string {
	t.Helper()
	diffs := changes(t)
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(diffs)) {
		if strings.HasPrefix(name, "medium-") {
			out.WriteString(diffs[name])
		}
	}
	for out.Len() < 30<<10 {
		out.WriteString(out.String())
	}
	return out.String()[:30<<10]
}

func BenchmarkEvaluate(b *testing.B) {
	diff := sample(b)
	for _, size := range []struct {
		name  string
		bytes int
	}{{"diff=3KiB", 3 << 10}, {"diff=30KiB", 30 << 10}} {
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Evaluate(Request{Diff: diff[:size.bytes]}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFloor is what Evaluate cannot do without: cutting the diff into the
// lines of its hunks.
func BenchmarkFloor(b *testing.B) {
	diff := sample(b)
	b.SetBytes(int64(len(diff)))
	b.ReportAllocs()
	for b.Loop() {
		parse(diff)
	}
}

// TestCost: scoring a diff costs at most 150 times what cutting it into lines
// does, in the quietest of several rounds.
func TestCost(t *testing.T) {
	diff := sample(t)
	best := func(do func()) time.Duration {
		least := time.Hour
		for range 30 {
			began := time.Now()
			do()
			least = min(least, time.Since(began))
		}
		return least
	}
	floor := best(func() { parse(diff) })
	whole := best(func() { _, _ = Evaluate(Request{Diff: diff}) })
	t.Logf("30 KiB: %v, %d times the floor of %v", whole, whole/floor, floor)
	if whole > 150*floor {
		t.Errorf("30 KiB takes %v, the floor %v: %d times as long, want at most 150", whole, floor, whole/floor)
	}
}
