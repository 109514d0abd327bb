package feed

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestSnapshotDrops takes a segment out, and does so again without harm, as
// events may be read twice.
func TestSnapshotDrops(t *testing.T) {
	t.Parallel()
	first := newSnapshot(control.Served{Seq: 1, Segments: []eval.Segment{{ID: 1, Name: "a"}, {ID: 2, Name: "b"}}})
	next := first.apply(2, control.Update{Dropped: []int{1}}).apply(2, control.Update{Dropped: []int{1}})
	if len(next.segments) != 1 || next.segments[0].ID != 2 {
		t.Errorf("%d segments are left, want the second alone", len(next.segments))
	}
	if len(first.segments) != 2 {
		t.Error("the snapshot before was changed")
	}
}
