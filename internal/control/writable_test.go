package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

func TestWritable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.head(t)
	check(t, w.Writable(t.Context(), root))
	diff(t, "the log", before, w.head(t))
	wantErr(t, w.Writable(t.Context(), may(control.Scope{Project: "blue"}, control.PermRead)), control.Denied, "audit.read")
	check(t, w.db.Close())
	if err := w.Writable(t.Context(), root); err == nil {
		t.Error("a closed database takes writes")
	}
}
