package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// impactKey is the key of a row of impact_windows.
type impactKey struct {
	environment, metric, app, labels string
	start                            int64
	typ                              string
}

// addImpact folds what is new of the reports into their minutes.
func addImpact(s *session, reports []control.ImpactReport) error {
	windows := map[impactKey]*control.ImpactWindow{}
	for _, r := range slices.SortedStableFunc(slices.Values(reports), compareImpactReports) {
		fresh, err := isNew(s, r)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		for _, one := range r.Samples {
			foldImpact(windows, r, one)
		}
	}
	var rows, buckets [][]any
	for _, key := range slices.SortedFunc(maps.Keys(windows), compareImpact) {
		w := windows[key]
		at := []any{key.environment, key.metric, key.app, key.labels, key.start}
		rows = append(rows, append(slices.Clone(at), key.typ, w.Count, w.Sum, w.Min, w.Max))
		for _, upper := range slices.Sorted(maps.Keys(w.Buckets)) {
			buckets = append(buckets, append(slices.Clone(at), upper, w.Buckets[upper]))
		}
	}
	err := s.insertAll("add impact metrics",
		`INSERT INTO impact_windows (environment, metric, app, labels, start_at_ms, type, count, sum, min, max)`, rows,
		`ON CONFLICT (environment, metric, app, labels, start_at_ms, type) DO UPDATE
		SET count = impact_windows.count + excluded.count, sum = impact_windows.sum + excluded.sum,
		min = CASE WHEN excluded.min < impact_windows.min THEN excluded.min ELSE impact_windows.min END,
		max = CASE WHEN excluded.max > impact_windows.max THEN excluded.max ELSE impact_windows.max END`)
	if err != nil {
		return err
	}
	return s.insertAll("add buckets of impact metrics",
		`INSERT INTO impact_buckets (environment, metric, app, labels, start_at_ms, upper, count)`, buckets,
		`ON CONFLICT (environment, metric, app, labels, start_at_ms, upper) DO UPDATE
		SET count = impact_buckets.count + excluded.count`)
}

// isNew reports whether a report was not stored before, and notes that it is.
func isNew(s *session, r control.ImpactReport) (bool, error) {
	if r.Instance == "" || r.From.IsZero() {
		return true, nil
	}
	const advance = `INSERT INTO impact_senders (environment, app, instance, from_at_ms, seen_at_ms) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (environment, app, instance) DO UPDATE
		SET from_at_ms = excluded.from_at_ms, seen_at_ms = excluded.seen_at_ms
		WHERE excluded.from_at_ms > impact_senders.from_at_ms`
	n, err := s.exec("note a sender of impact metrics", advance, r.Environment, r.App, r.Instance, toMs(r.From), toMs(r.To))
	return n == 1, err
}

// foldImpact adds one sample to its window.
func foldImpact(windows map[impactKey]*control.ImpactWindow, r control.ImpactReport, one control.ImpactSample) {
	start := r.To.Truncate(time.Minute)
	key := impactKey{r.Environment, one.Metric, r.App, one.Labels, toMs(start), one.Type}
	w := windows[key]
	if w == nil {
		w = &control.ImpactWindow{Min: one.Sum, Max: one.Sum}
		windows[key] = w
	}
	w.Count, w.Sum = w.Count+one.Count, w.Sum+one.Sum
	w.Min, w.Max = min(w.Min, one.Sum), max(w.Max, one.Sum)
	for upper, n := range one.Buckets {
		if w.Buckets == nil {
			w.Buckets = map[string]int64{}
		}
		w.Buckets[upper] += n
	}
}

func compareImpactReports(a, b control.ImpactReport) int {
	return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App),
		cmp.Compare(a.Instance, b.Instance), a.From.Compare(b.From))
}

func compareImpact(a, b impactKey) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.environment, b.environment), cmp.Compare(a.metric, b.metric),
		cmp.Compare(a.app, b.app), cmp.Compare(a.labels, b.labels), cmp.Compare(a.typ, b.typ))
}

// ImpactWindows implements control.UsageStore, in the order of start,
// application, labels and type.
func (db *DB) ImpactWindows(ctx context.Context, of control.ImpactFilter) ([]control.ImpactWindow, error) {
	if !storable(of.Environment) || !storable(of.App) || !storable(of.Metric) {
		return nil, nil
	}
	const where = ` WHERE environment = $1 AND metric = $2 AND start_at_ms >= $3 AND start_at_ms < $4 AND ($5 = '' OR app = $5)`
	args := []any{of.Environment, of.Metric, toMs(of.Since.Truncate(time.Minute)), toMs(of.Until), of.App}
	var all []control.ImpactWindow
	err := db.evidence.view(ctx, func(s *session) error {
		var err error
		all, err = list(s, "read impact metrics", `SELECT app, labels, start_at_ms, type, count, sum, min, max FROM impact_windows`+where, args,
			func(rows *sql.Rows, w *control.ImpactWindow) error {
				var start int64
				w.Environment, w.Metric = of.Environment, of.Metric
				err := rows.Scan(&w.App, &w.Labels, &start, &w.Type, &w.Count, &w.Sum, &w.Min, &w.Max)
				w.Start = fromMs(start)
				return err
			})
		if err != nil {
			return err
		}
		return readBuckets(s, where, args, all)
	})
	slices.SortFunc(all, func(a, b control.ImpactWindow) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.App, b.App), cmp.Compare(a.Labels, b.Labels), cmp.Compare(a.Type, b.Type))
	})
	return all, err
}

// readBuckets fills in the Buckets of the histograms among windows.
func readBuckets(s *session, where string, args []any, windows []control.ImpactWindow) error {
	type key struct {
		app, labels string
		start       int64
	}
	type bucket struct {
		key
		upper string
		n     int64
	}
	all, err := list(s, "read buckets of impact metrics", `SELECT app, labels, start_at_ms, upper, count FROM impact_buckets`+where, args,
		func(rows *sql.Rows, b *bucket) error { return rows.Scan(&b.app, &b.labels, &b.start, &b.upper, &b.n) })
	if err != nil {
		return err
	}
	by := map[key]map[string]int64{}
	for _, b := range all {
		if by[b.key] == nil {
			by[b.key] = map[string]int64{}
		}
		by[b.key][b.upper] = b.n
	}
	for i, w := range windows {
		if w.Type == control.ImpactHistogram {
			windows[i].Buckets = by[key{w.App, w.Labels, toMs(w.Start)}]
		}
	}
	return nil
}
