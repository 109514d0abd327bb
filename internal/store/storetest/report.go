package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

func add(t *testing.T, db *store.DB, in control.Reports) {
	t.Helper()
	if err := db.AddReports(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// asked is one answer, on or off, to an application in production.
func asked(flag, app string, at time.Time, on bool) control.Usage {
	u := control.Usage{Flag: flag, Environment: "production", App: app, Hour: at, SeenAt: at, No: 1}
	if on {
		u.Yes, u.No = 1, 0
	}
	return u
}

func testFlagUses(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	add(t, db, control.Reports{Usage: []control.Usage{
		asked("f", "a", at(5), true), asked("f", "a", at(2), false), asked("f", "b", at(1), true), asked("g", "a", at(3), false),
	}})
	add(t, db, control.Reports{Usage: []control.Usage{
		asked("f", "a", at(90), true), asked("f", "a", at(-90), false), // late: it was off before anything else
		{Flag: "f", Environment: "production", App: "b", Hour: at(7), SeenAt: at(7), Variants: map[string]int64{"x": 1}},
	}})
	production := func(flag, app string, first, seen, yes, no time.Time) control.FlagUse {
		return control.FlagUse{Flag: flag, Environment: "production", App: app, FirstAt: first, SeenAt: seen, YesAt: yes, NoAt: no}
	}
	all := []control.FlagUse{
		production("f", "a", at(-90), at(90), at(90), at(2)),
		production("f", "b", at(1), at(7), at(1), time.Time{}),
		production("g", "a", at(3), at(3), time.Time{}, at(3)),
	}
	for of, want := range map[control.UseFilter][]control.FlagUse{
		{}: all, {Flag: "f"}: all[:2], {App: "a"}: {all[0], all[2]}, {Flag: "f", App: "b"}: all[1:2], {Flag: "h"}: nil, {Flag: "\x00"}: nil,
	} {
		got, err := db.FlagUses(t.Context(), of)
		diff(t, fmt.Sprintf("uses of %+v", of), want, got)
		diff(t, "error", nil, err)
	}
	shares, err := db.Shares(t.Context(), []string{"g", "f", "none", "\x00"}, noon)
	diff(t, "error", nil, err)
	diff(t, "shares", []control.Share{
		{Flag: "f", Environment: "production", Yes: 3, No: 1}, {Flag: "g", Environment: "production", No: 1},
	}, shares)
}

func testUnknown(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	unknown := func(flag, app string, seen time.Duration) control.UnknownUse {
		return control.UnknownUse{Flag: flag, Environment: "production", App: app, SeenAt: noon.Add(seen)}
	}
	add(t, db, control.Reports{Unknown: []control.UnknownUse{unknown("x", "a", 0), unknown("x", "a", time.Second), unknown("x", "b", 0)}})
	add(t, db, control.Reports{Unknown: []control.UnknownUse{unknown("x", "a", -time.Hour), unknown("w", "a", time.Minute)}})
	want := []control.UnknownUse{unknown("w", "a", time.Minute), unknown("x", "a", time.Second), unknown("x", "b", 0)}
	got, err := db.UnknownUses(t.Context())
	diff(t, "unknown flags", want, got)
	diff(t, "error", nil, err)

	flood := make([]control.UnknownUse, control.MaxUnknown-1)
	for i := range flood {
		flood[i] = unknown(fmt.Sprint("flood-", i), "a", time.Second)
	}
	add(t, db, control.Reports{Unknown: flood})
	got, err = db.UnknownUses(t.Context())
	diff(t, "error", nil, err)
	diff(t, "unknown flags after a flood", control.MaxUnknown, len(got))
	if !slices.Contains(got, want[0]) || slices.Contains(got, want[2]) {
		t.Errorf("of too many, the latest do not stay: %v, %v", got[:2], got[len(got)-2:])
	}
}

func testImpact(t *testing.T, fresh Fresh) {
	o := fresh(t)
	db := open(t, o)
	minute := noon.Truncate(time.Minute)
	report := func(instance string, from, to time.Duration, samples ...control.ImpactSample) control.ImpactReport {
		r := control.ImpactReport{Environment: "production", App: "shop", Instance: instance, To: minute.Add(to), Samples: samples}
		if from >= 0 {
			r.From = minute.Add(from)
		}
		return r
	}
	grew := func(n float64) control.ImpactSample {
		return control.ImpactSample{Metric: "orders", Type: control.ImpactCounter, Labels: `{"kind":"a"}`, Count: 1, Sum: n}
	}
	took := control.ImpactSample{Metric: "took", Type: control.ImpactHistogram, Labels: `{}`, Count: 3, Sum: 1.5, Buckets: map[string]int64{"0.5": 2, "+Inf": 3}}
	first := report("i1", time.Second, 30*time.Second, grew(3), took)
	add(t, db, control.Reports{Impact: []control.ImpactReport{first, report("i2", time.Second, 40*time.Second, grew(4))}})
	// A repeat adds nothing, whatever it says, nor does what comes out of order.
	add(t, open(t, o), control.Reports{Impact: []control.ImpactReport{first, report("i1", 0, 10*time.Second, grew(100))}})
	add(t, db, control.Reports{Impact: []control.ImpactReport{
		report("i1", 30*time.Second, 50*time.Second, grew(5), took), report("i1", 50*time.Second, 70*time.Second, grew(7)),
	}})
	// Who says nothing of itself cannot be told from another.
	add(t, db, control.Reports{Impact: []control.ImpactReport{report("", 0, 0, grew(1)), report("", 0, 0, grew(1)), report("i1", -1, 0, grew(1))}})

	window := func(metric, typ, labels string, start time.Duration, count int64, sum, least, most float64, buckets map[string]int64) control.ImpactWindow {
		return control.ImpactWindow{
			Environment: "production", App: "shop", Metric: metric, Labels: labels, Start: minute.Add(start),
			Type: typ, Count: count, Sum: sum, Min: least, Max: most, Buckets: buckets,
		}
	}
	orders := []control.ImpactWindow{
		window("orders", control.ImpactCounter, `{"kind":"a"}`, 0, 6, 15, 1, 5, nil),
		window("orders", control.ImpactCounter, `{"kind":"a"}`, time.Minute, 1, 7, 7, 7, nil),
	}
	day := control.ImpactFilter{Environment: "production", Metric: "orders", Since: minute, Until: minute.Add(time.Hour)}
	with := func(change func(f *control.ImpactFilter)) control.ImpactFilter {
		f := day
		change(&f)
		return f
	}
	for of, want := range map[control.ImpactFilter][]control.ImpactWindow{
		day: orders,
		with(func(f *control.ImpactFilter) { f.Since = minute.Add(90 * time.Second) }): orders[1:],
		with(func(f *control.ImpactFilter) { f.Until = minute.Add(time.Minute) }):      orders[:1],
		with(func(f *control.ImpactFilter) { f.App = "shop" }):                         orders,
		with(func(f *control.ImpactFilter) { f.App = "other" }):                        nil,
		with(func(f *control.ImpactFilter) { f.Environment = "development" }):          nil,
		with(func(f *control.ImpactFilter) { f.Metric = "took" }): {
			window("took", control.ImpactHistogram, `{}`, 0, 6, 3, 1.5, 1.5, map[string]int64{"0.5": 4, "+Inf": 6}),
		},
	} {
		got, err := db.ImpactWindows(t.Context(), of)
		diff(t, fmt.Sprintf("windows of %+v", of), want, got)
		diff(t, "error", nil, err)
	}
}

// testImpactConcurrent repeats each report from several processes at once.
func testImpactConcurrent(t *testing.T, fresh Fresh) {
	const senders, reports = 5, 10
	o := fresh(t)
	stores := []*store.DB{open(t, o), open(t, o)}
	var g errgroup.Group
	for i := range 4 {
		g.Go(func() error {
			for n := range reports {
				var in []control.ImpactReport
				for sender := range senders {
					in = append(in, control.ImpactReport{
						App: "a", Instance: fmt.Sprint("i", (sender+i)%senders), From: noon.Add(time.Duration(n) * time.Second), To: noon,
						Samples: []control.ImpactSample{{Metric: "m", Type: control.ImpactCounter, Labels: "{}", Count: 1, Sum: 1}},
					})
				}
				if err := stores[i%2].AddReports(t.Context(), control.Reports{Impact: in}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	got, err := stores[0].ImpactWindows(t.Context(), control.ImpactFilter{Metric: "m", Until: noon.Add(time.Hour)})
	diff(t, "error", nil, err)
	if len(got) != 1 || got[0].Sum > senders*reports || got[0].Sum < senders {
		t.Errorf("windows %+v, want one with each report at most once", got)
	}
}

func testDropReports(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	const day = 24 * time.Hour
	at := func(days int) time.Time { return noon.Add(time.Duration(days) * day) }
	for days := range 10 {
		add(t, db, control.Reports{
			Usage: []control.Usage{
				{Flag: "f", Environment: "production", App: fmt.Sprint("a", days), Hour: at(days), Yes: 1, Variants: map[string]int64{"x": 1}},
				{Flag: fmt.Sprint("f", days), Environment: "production", App: "a", Hour: at(days), Yes: 1},
			},
			Instances: []control.Instance{{Environment: "production", App: "a", ID: strconv.Itoa(days), SeenAt: at(days)}},
			Receipts:  []control.Receipt{{Environment: "production", App: "a", Instance: strconv.Itoa(days), Seq: 1, AppliedAt: at(days)}},
			Unknown:   []control.UnknownUse{{Flag: fmt.Sprint("u", days), Environment: "production", App: "a", SeenAt: at(days)}},
			Impact: []control.ImpactReport{{App: "a", Instance: strconv.Itoa(days), From: at(days), To: at(days), Samples: []control.ImpactSample{
				{Metric: "m", Type: control.ImpactHistogram, Labels: "{}", Count: 1, Sum: 1, Buckets: map[string]int64{"+Inf": 1}},
			}}},
		})
	}
	count := func() map[string]int {
		usage, err := db.Usage(t.Context(), "f", time.Time{})
		diff(t, "error", nil, err)
		instances, err := db.Instances(t.Context(), "production", time.Time{})
		diff(t, "error", nil, err)
		receipts, err := db.Receipts(t.Context(), "production", 0)
		diff(t, "error", nil, err)
		unknown, err := db.UnknownUses(t.Context())
		diff(t, "error", nil, err)
		impact, err := db.ImpactWindows(t.Context(), control.ImpactFilter{Metric: "m", Until: at(100)})
		diff(t, "error", nil, err)
		ofOne, err := db.FlagUses(t.Context(), control.UseFilter{Flag: "f"})
		diff(t, "error", nil, err)
		uses, err := db.FlagUses(t.Context(), control.UseFilter{})
		diff(t, "error", nil, err)
		return map[string]int{
			"usage": len(usage), "instances": len(instances), "receipts": len(receipts), "unknown": len(unknown),
			"impact": len(impact), "uses of f": len(ofOne), "uses": len(uses),
		}
	}
	drop := func(before time.Time) {
		if err := db.DropReports(t.Context(), before); err != nil {
			t.Fatal(err)
		}
	}
	drop(at(0).Truncate(time.Hour))
	diff(t, "nothing is so old", map[string]int{"usage": 10, "instances": 10, "receipts": 10, "unknown": 10, "impact": 10, "uses of f": 10, "uses": 20}, count())
	drop(at(7).Truncate(time.Hour))
	// What was seen last of each flag stays.
	diff(t, "after seven days", map[string]int{"usage": 3, "instances": 3, "receipts": 3, "unknown": 3, "impact": 3, "uses of f": 3, "uses": 13}, count())
	drop(at(100))
	diff(t, "after all", map[string]int{"usage": 0, "instances": 0, "receipts": 0, "unknown": 0, "impact": 0, "uses of f": 1, "uses": 11}, count())
}

func testForgetApp(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	for _, app := range []string{"a", "b"} {
		add(t, db, control.Reports{
			Usage:     []control.Usage{{Flag: "f", Environment: "production", App: app, Hour: noon, Yes: 1, Variants: map[string]int64{"x": 1}}},
			Instances: []control.Instance{{Environment: "production", App: app, ID: "1", SeenAt: noon, Frontend: true, Strategies: []string{"default", "own"}}},
			Unknown:   []control.UnknownUse{{Flag: "u", Environment: "production", App: app, SeenAt: noon}},
		})
	}
	for range 2 {
		if err := db.ForgetApp(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	uses, err := db.FlagUses(t.Context(), control.UseFilter{})
	diff(t, "error", nil, err)
	instances, err := db.Instances(t.Context(), "", time.Time{})
	diff(t, "error", nil, err)
	unknown, err := db.UnknownUses(t.Context())
	diff(t, "error", nil, err)
	if len(uses) != 1 || uses[0].App != "b" || len(unknown) != 1 || unknown[0].App != "b" {
		t.Errorf("uses %v and unknown flags %v, want those of b", uses, unknown)
	}
	diff(t, "instances", []control.Instance{
		{Environment: "production", App: "b", ID: "1", SeenAt: noon, Frontend: true, Strategies: []string{"default", "own"}},
	}, instances)
}
