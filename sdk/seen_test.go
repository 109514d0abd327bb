package sdk

import (
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

func always() bool { return true }

func TestSeenOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s seen
		known := make(map[uint64]bool)
		for _, h := range rapid.SliceOfN(rapid.Uint64Range(1, 3000), 0, 4000).Draw(t, "hashes") {
			if got := s.has(h); got != known[h] {
				t.Fatalf("has(%d) = %t, want %t", h, got, known[h])
			}
			added := false
			s.add(h, func() bool { added = true; return true })
			if added == known[h] {
				t.Fatalf("add(%d) asked to keep: %t, known before: %t", h, added, known[h])
			}
			known[h] = true
		}
	})
}

func TestSeenTriesAgainWhatWasNotKept(t *testing.T) {
	t.Parallel()
	var s seen
	s.add(1, func() bool { return false })
	if s.has(1) {
		t.Error("has(1) after keep said no")
	}
	if s.add(1, always); !s.has(1) {
		t.Error("!has(1) after keep said yes")
	}
}

// The set stays within its two generations, and says how much it forgot.
func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	const added = 4 * maxGeneration
	hash := func(i uint64) uint64 { return (i + 1) * 0x9e3779b97f4a7c15 }
	var s seen
	for i := range uint64(added) {
		s.add(hash(i), always)
	}
	remembered := 0
	for i := range uint64(added) {
		if s.has(hash(i)) {
			remembered++
		}
	}
	if remembered > maxGeneration {
		t.Errorf("remembers %d, want at most %d", remembered, maxGeneration)
	}
	if got := s.forgotten.Load(); got != uint64(added-remembered) {
		t.Errorf("forgotten = %d, want %d", got, added-remembered)
	}
	if !s.has(hash(added - 1)) {
		t.Error("forgot the newest")
	}
}

// However many goroutines add a hash, one of them does.
func TestSeenOnceAmongGoroutines(t *testing.T) {
	t.Parallel()
	var s seen
	var kept atomic.Int64
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for h := range uint64(10_000) {
				if !s.has(h + 1) {
					s.add(h+1, func() bool { kept.Add(1); return true })
				}
			}
		})
	}
	work.Wait()
	if got := kept.Load(); got != 10_000 {
		t.Errorf("kept %d times, want 10000", got)
	}
}
