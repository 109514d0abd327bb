package native_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi/native"
)

// TestSlowest counts a client that comes after a change as one that serves it,
// and not as one that was late for it.
func TestSlowest(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	get[native.Flag](t, p, "POST", "/flags", admin, `{"name":"agent"}`)
	r := get[native.Release](t, p, "POST", "/releases", admin,
		`{"flag":"agent","environment":"production","build":"b2","control":"b1","plan":`+quick+`}`)
	applied := func(instance string, seq int64, after time.Duration) control.Receipt {
		return control.Receipt{App: "shop", Instance: instance, Environment: "production", Seq: seq, AppliedAt: today.Add(after)}
	}
	instances := []control.Instance{{App: "shop", ID: "old", Environment: "production", SeenAt: today}, {App: "shop", ID: "new", Environment: "production", SeenAt: today}}
	check(t, p.store.AddReports(t.Context(), control.Reports{Instances: instances, Receipts: []control.Receipt{
		applied("old", r.Change.Seq-1, -time.Minute), applied("old", r.Change.Seq, 40*time.Millisecond),
		applied("new", r.Change.Seq, time.Hour),
	}}))
	got := get[native.Release](t, p, "GET", "/releases/"+r.ID, admin, "")
	want := &native.Change{Seq: r.Change.Seq, At: today, Instances: 2, Confirmed: 2, SlowestMS: 40}
	if diff := cmp.Diff(want, got.Change); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
}
