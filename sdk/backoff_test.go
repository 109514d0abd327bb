package sdk

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestBackoffStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "first"))
		limit := time.Duration(rapid.Int64Range(int64(first), int64(time.Hour)).Draw(t, "limit"))
		b := backoff{first: first, limit: limit}
		ceiling := first
		for i := range 100 {
			if d := b.next(); d < ceiling/2 || d > ceiling {
				t.Fatalf("delay %d is %s, want %s to %s", i, d, ceiling/2, ceiling)
			}
			ceiling = min(2*ceiling, limit)
		}
		if b.reset(); b.next() > first {
			t.Fatal("the delay after a reset is over the first")
		}
	})
}

func TestJitterIsATenth(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if d := jitter(time.Minute); d < 54*time.Second || d > 66*time.Second {
			t.Fatalf("jitter(1m) = %s", d)
		}
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if !pause(t.Context(), time.Hour) {
			t.Error("pause = false, want true after an hour")
		}
	})
}
