package native_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi/native"
)

// TestReceipts names who has a kill, of those who are to: not those who read
// other projects, are gone for long, or never say what they serve.
func TestReceipts(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	get[native.Flag](t, p, "POST", "/flags", admin, `{"name":"agent"}`)
	for _, verb := range []string{"on", "off"} {
		if w := p.do(t, "POST", "/api/v1/flags/agent/environments/production/"+verb, admin, ""); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", verb, w.Code, w.Body)
		}
	}
	const path = "/flags/agent/environments/production/receipts"
	seq := get[native.Propagation](t, p, "GET", path, admin, "").Seq
	var in control.Reports
	add := func(app, id, edge string, seen time.Duration, projects []string, seqs ...int64) {
		in.Instances = append(in.Instances, control.Instance{
			App: app, ID: id, Environment: "production", SeenAt: today.Add(-seen), Projects: projects, Edge: edge,
		})
		for _, n := range seqs {
			at := today.Add(-time.Minute)
			if n >= seq {
				at = today.Add(84 * time.Millisecond)
			}
			in.Receipts = append(in.Receipts, control.Receipt{App: app, Instance: id, Environment: "production", Seq: n, AppliedAt: at})
		}
	}
	all := []string{control.All}
	add(control.EdgeApp, "edge-1", "", 0, all, seq-1, seq)
	add(control.EdgeApp, "edge-2", "", time.Second, all, seq-1) // has received, and does not serve
	add("shop", "behind", "edge-2", 0, all, seq-1)
	add("shop", "beyond", "edge-1", 0, []string{"default", "other"}, seq+3)
	add("shop", "elsewhere", "", 0, []string{"other"}, seq-1)
	add("shop", "gone", "", time.Hour, all, seq-1)
	add("shop", "silent", "", 0, nil)
	check(t, p.store.AddReports(t.Context(), in))

	want := native.Propagation{
		Environment: "production", Seq: seq, At: today, Instances: 4, Confirmed: 2, SlowestMS: 84, Silent: 1,
		Missing: []native.MissingPlace{
			{App: control.EdgeApp, ID: "edge-2", SeenAt: today.Add(-time.Second)}, {App: "shop", ID: "behind", Edge: "edge-2", SeenAt: today},
		},
	}
	for _, wait := range []string{"", "?waitMs=120"} {
		if diff := cmp.Diff(want, get[native.Propagation](t, p, "GET", path+wait, admin, "")); diff != "" {
			t.Errorf("receipts%s (-want +got):\n%s", wait, diff)
		}
	}
	asked := make(chan native.Propagation, 1)
	go func() { asked <- get[native.Propagation](t, p, "GET", path+"?waitMs=30000", admin, "") }()
	in = control.Reports{}
	add(control.EdgeApp, "edge-2", "", 0, all, seq)
	add("shop", "behind", "edge-2", 0, all, seq)
	check(t, p.store.AddReports(t.Context(), in))
	if got := <-asked; got.Confirmed != 4 || len(got.Missing) != 0 {
		t.Errorf("who waited was told %+v", got)
	}
}
