package storetest

import "testing"

func testCursors(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	want := func(stream string, next int64) {
		t.Helper()
		if got, err := db.Cursor(t.Context(), stream); err != nil || got != next {
			t.Errorf("the cursor of %q is %d (%v), want %d", stream, got, err, next)
		}
	}
	want("a", 0)
	for _, next := range []int64{0, 7, 3} {
		if err := db.PutCursor(t.Context(), "a", next); err != nil {
			t.Fatal(err)
		}
	}
	want("a", 7)
	want("b", 0)
	if err := db.PutCursor(t.Context(), "\x00", 1); err == nil {
		t.Error("a name that no engine stores was taken")
	}
}
