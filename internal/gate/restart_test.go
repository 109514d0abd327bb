package gate

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestPointsFollowFromLines folds the same lines into ledgers that are looked
// at differently, and into one that goes on from marks of the middle: all have
// the same restart points, each before the first line of a second.
func TestPointsFollowFromLines(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	options := LedgerOptions{Candidate: "b2", PointsEvery: time.Second}
	var lines []Observation
	for second := range 8 {
		for i := range 60 {
			o := Observation{
				At: start, ReceivedAt: start.Add(time.Duration(second)*time.Second + time.Duration(i)*time.Millisecond),
				Environment: "e", Flag: "f", Arm: Treatment, Build: "b2", Unit: fmt.Sprint("u", second, "-", i), Signal: "exposure",
			}
			out := o
			out.Signal, out.Pass = "evidence_coverage", new(true)
			lines = append(lines, o, out)
		}
	}
	fold := func(o LedgerOptions, part []Observation, look int) *Ledger {
		l := NewLedger(DefaultPolicy(), o)
		for i := range part {
			l.AddObservation(&part[i])
			if look > 0 && i%look == 0 {
				l.Snapshot(part[i].ReceivedAt, NewProgress(start))
			}
		}
		return l
	}
	want := []int64{240, 480, 720}
	half := options
	half.Marks = fold(options, lines[:500], 7).Marks()
	if got := half.Marks["evidence_coverage"]; !gocmp.Equal(want[:2], got) {
		t.Errorf("points in the middle %v, want %v", got, want[:2])
	}
	for name, l := range map[string]*Ledger{
		"never looked at": fold(options, lines, 0), "looked at often": fold(options, lines, 3),
		"from marks": fold(half, lines, 0), "from marks, looked at": fold(half, lines, 11),
	} {
		if got := l.Marks()["evidence_coverage"]; !gocmp.Equal(want, got) {
			t.Errorf("%s: points %v, want %v", name, got, want)
		}
	}
}
