package feed

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestSnapshotDrops takes a segment out, and does so again without harm, as
// events may be read twice.
func TestSnapshotDrops(t *testing.T) {
	t.Parallel()
	first := newSnapshot(control.Served{Seq: 1, Segments: []eval.Segment{{ID: 1, Name: "a"}, {ID: 2, Name: "b"}}}, pool{})
	next := first.apply(2, control.Update{Dropped: []int{1}}, pool{}).apply(2, control.Update{Dropped: []int{1}}, pool{})
	if len(next.segments) != 1 || next.segments[0].ID != 2 {
		t.Errorf("%d segments are left, want the second alone", len(next.segments))
	}
	if len(first.segments) != 2 {
		t.Error("the snapshot before was changed")
	}
}

// TestPool shares what nobody has configured between environments, and nothing
// else.
func TestPool(t *testing.T) {
	t.Parallel()
	plain, configured := eval.Flag{Name: "a", Project: "p"}, simple("p", "b", "")
	described := plain
	described.Description = "another"
	shared := pool{}
	snapshot := func(flags ...eval.Flag) []*flag { return newSnapshot(control.Served{Flags: flags}, shared).flags }
	one, other, later := snapshot(plain, configured), snapshot(plain, configured), snapshot(described)
	if one[0] != other[0] {
		t.Error("the same document is there twice")
	}
	if one[1] == other[1] || later[0] == one[0] {
		t.Error("flags are shared that may change apart from each other")
	}
}

// TestDocumentIsPrepared serves a document again without making anything anew.
func TestDocumentIsPrepared(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.put(simple("p", "a", ""))
	_, env := w.hub(t)
	scope := Scope{All: true}
	doc := env.Snapshot(scope).Features()
	unzipped, err := gzip.NewReader(bytes.NewReader(doc.Gzip()))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(unzipped)
	if err != nil || !bytes.Equal(body, doc.Body()) {
		t.Errorf("gzip holds %s (%v), want %s", body, err, doc.Body())
	}
	again := env.Snapshot(scope).Features()
	if &again.Body()[0] != &doc.Body()[0] || &again.Gzip()[0] != &doc.Gzip()[0] {
		t.Error("the second reader got other bytes than the first")
	}
}
