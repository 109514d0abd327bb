package storetest

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

var hour = noon.Truncate(time.Hour)

func use(app string, at time.Time, yes, no int64, variants map[string]int64) control.Usage {
	return control.Usage{Flag: "f", Environment: "production", App: app, Hour: at, Yes: yes, No: no, Variants: variants}
}

func testUsage(t *testing.T, fresh Fresh) {
	o := fresh(t)
	db := open(t, o)
	for _, usage := range [][]control.Usage{
		{use("b", hour, 1, 2, nil), use("a", hour.Add(time.Hour), 3, 0, map[string]int64{"x": 3})},
		{use("b", noon, 10, 20, map[string]int64{"x": 1, "y": 0}), use("b", hour, 100, 200, map[string]int64{"x": 5})},
		{use("a", hour.Add(-time.Hour), 7, 7, nil), {Flag: "other", Hour: hour, Yes: 1}},
		nil,
	} {
		if err := db.AddReports(t.Context(), control.Reports{Usage: usage}); err != nil {
			t.Fatal(err)
		}
	}
	all := []control.Usage{
		use("a", hour.Add(-time.Hour), 7, 7, nil),
		use("b", hour, 111, 222, map[string]int64{"x": 6, "y": 0}),
		use("a", hour.Add(time.Hour), 3, 0, map[string]int64{"x": 3}),
	}
	for _, test := range []struct {
		since time.Time
		want  []control.Usage
	}{{time.Time{}, all}, {hour.Add(time.Minute), all[1:]}, {hour.Add(time.Hour), all[2:]}, {hour.Add(24 * time.Hour), nil}} {
		got, err := open(t, o).Usage(t.Context(), "f", test.since)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, "usage since "+test.since.String(), test.want, got)
	}
	bad := []control.Usage{use("a", hour, 1000, 0, nil), use("a", hour, 1, 0, map[string]int64{"\x00": 1})}
	wantKind(t, "AddReports", db.AddReports(t.Context(), control.Reports{Usage: bad}), control.Invalid)
	got, err := db.Usage(t.Context(), "f", time.Time{})
	diff(t, "usage after a refused call", all, got)
	diff(t, "error", nil, err)
}

// testUsageConcurrent adds the same rows from two processes in opposite order.
func testUsageConcurrent(t *testing.T, fresh Fresh) {
	const adders, rounds = 4, 10
	o := fresh(t)
	stores := []*store.DB{open(t, o), open(t, o)}
	a, b := use("a", hour, 1, 0, map[string]int64{"x": 1, "y": 2}), use("b", hour, 0, 1, nil)
	var g errgroup.Group
	for i := range adders {
		g.Go(func() error {
			for range rounds {
				rows := []control.Usage{a, b}
				instances := []control.Instance{{App: "a", ID: "1", SeenAt: noon}, {App: "b", ID: "1", SeenAt: noon}}
				if i%2 == 0 {
					rows[0], rows[1] = rows[1], rows[0]
					instances[0], instances[1] = instances[1], instances[0]
				}
				if err := stores[i/2].AddReports(t.Context(), control.Reports{Usage: rows, Instances: instances}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	got, err := stores[0].Usage(t.Context(), "f", hour)
	const n = adders * rounds
	diff(t, "usage", []control.Usage{
		use("a", hour, n, 0, map[string]int64{"x": n, "y": 2 * n}), use("b", hour, 0, n, nil),
	}, got)
	diff(t, "error", nil, err)
}

func testInstances(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	instance := func(app, sdk string, seen time.Duration) control.Instance {
		return control.Instance{App: app, ID: "1", Environment: "production", SDK: sdk, SeenAt: noon.Add(seen)}
	}
	for _, instances := range [][]control.Instance{
		{instance("b", "node:6", 0), instance("a", "", 0)},
		{instance("b", "", time.Minute), instance("a", "go:1", time.Second), {App: "b", Environment: "development", SeenAt: noon}},
		{instance("b", "node:5", -time.Hour)}, // late: an older sighting changes nothing
	} {
		if err := db.AddReports(t.Context(), control.Reports{Instances: instances}); err != nil {
			t.Fatal(err)
		}
	}
	want := []control.Instance{instance("a", "go:1", time.Second), instance("b", "node:6", time.Minute)}
	for since, want := range map[time.Duration][]control.Instance{0: want, time.Minute: want[1:], time.Hour: nil} {
		got, err := db.Instances(t.Context(), "production", noon.Add(since))
		diff(t, "instances since "+since.String(), want, got)
		diff(t, "error", nil, err)
	}
}

func testReceipts(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	receipt := func(app string, seq int64, at time.Duration) control.Receipt {
		return control.Receipt{App: app, Instance: "1", Environment: "production", Seq: seq, AppliedAt: noon.Add(at)}
	}
	other := receipt("a", 5, 0)
	other.Environment = "development"
	for _, receipts := range [][]control.Receipt{
		{receipt("b", 9, 9*time.Second), receipt("a", 3, 3*time.Second), receipt("a", 5, 5*time.Second)},
		{receipt("a", 5, 6*time.Second), receipt("a", 8, 8*time.Second), receipt("a", 3, 2*time.Second), other},
	} {
		if err := db.AddReports(t.Context(), control.Reports{Receipts: receipts}); err != nil {
			t.Fatal(err)
		}
	}
	since := func(r control.Receipt, first time.Duration) control.Receipt {
		r.Since = noon.Add(first)
		return r
	}
	b := since(receipt("b", 9, 9*time.Second), 9*time.Second)
	for seq, want := range map[int64][]control.Receipt{
		0:  {since(receipt("a", 3, 2*time.Second), 2*time.Second), b},
		4:  {since(receipt("a", 5, 5*time.Second), 2*time.Second), b},
		5:  {since(receipt("a", 5, 5*time.Second), 2*time.Second), b},
		9:  {b},
		10: nil,
	} {
		got, err := db.Receipts(t.Context(), "production", seq)
		diff(t, "receipts", want, got)
		diff(t, "error", nil, err)
	}
}
