package control

import (
	"testing"
	"time"
)

// A flood of guesses makes a record a minute, which counts them.
func TestRejectionsArePaced(t *testing.T) {
	t.Parallel()
	d := newDenials()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	records, count := 0, int64(0)
	for second := range 600 {
		for range 100 {
			d.reject("")
		}
		for _, one := range d.take(now.Add(time.Duration(second) * time.Second)) {
			records++
			count += one.count
		}
	}
	if records != 10 || count < 54_000 {
		t.Errorf("%d records of %d guesses, want 10 of the 60,000 but the last minute's", records, count)
	}
	if d.later() == nil {
		t.Error("what is left is never recorded")
	}
}
