package storetest

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

func testCheckpoints(t *testing.T, fresh Fresh) {
	o := fresh(t)
	db := open(t, o)
	ctx := t.Context()
	for range 3 {
		if err := put(ctx, db, "a", `{}`); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		size int64
		note string
		want control.Kind // Internal where none is wanted
	}{
		{4, "beyond the log", control.Conflict},
		{-1, "of nothing", control.Conflict},
		{2, "two", control.Internal},
		{2, "two again", control.Internal},
		{1, "back", control.Conflict},
		{3, "three\n\x00", control.Invalid},
		{3, "three", control.Internal},
	} {
		err := db.PutCheckpoint(ctx, c.size, c.note, noon.Add(time.Duration(c.size)*time.Second))
		if c.want == control.Internal {
			if err != nil {
				t.Errorf("PutCheckpoint %q: %v", c.note, err)
			}
			continue
		}
		wantKind(t, "PutCheckpoint "+c.note, err, c.want)
	}
	want := []store.Checkpoint{
		{Size: 3, Note: "three", At: noon.Add(3 * time.Second)},
		{Size: 2, Note: "two", At: noon.Add(2 * time.Second)},
	}
	for limit := range 4 {
		got, err := open(t, o).Checkpoints(ctx, limit)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, "checkpoints", want[:min(limit, 2)], append([]store.Checkpoint{}, got...))
	}
}
