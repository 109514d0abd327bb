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

// AddReports implements control.UsageStore. Rows are written in the order of
// their keys, so that replicas which add at the same time never wait for each
// other in a circle. After an error of Code "commit_unknown" the call MUST NOT
// be repeated: counts may be lost, but not counted twice.
func (db *DB) AddReports(ctx context.Context, in control.Reports) error {
	if err := checkReports(in); err != nil {
		return err
	}
	usage := foldUsage(in.Usage)
	return db.evidence.update(ctx, func(s *session) error {
		for _, add := range []func() error{
			func() error { return addCounts(s, usage) },
			func() error { return addUses(s, in.Usage) },
			func() error { return addInstances(s, in.Instances) },
			func() error { return addReceipts(s, in.Receipts) },
			func() error { return addUnknown(s, in.Unknown) },
			func() error { return addImpact(s, in.Impact) },
		} {
			if err := add(); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkReports refuses text that cannot be stored.
func checkReports(in control.Reports) error {
	var text []string
	for _, u := range in.Usage {
		text = append(text, "flag", u.Flag, "environment", u.Environment, "app", u.App)
		for variant := range u.Variants {
			text = append(text, "variant", variant)
		}
	}
	for _, i := range in.Instances {
		text = append(text, "environment", i.Environment, "app", i.App, "instance", i.ID, "sdk", i.SDK)
		for _, strategy := range i.Strategies {
			text = append(text, "strategy", strategy)
		}
	}
	for _, r := range in.Receipts {
		text = append(text, "environment", r.Environment, "app", r.App, "instance", r.Instance)
	}
	for _, u := range in.Unknown {
		text = append(text, "flag", u.Flag, "environment", u.Environment, "app", u.App)
	}
	for _, r := range in.Impact {
		text = append(text, "environment", r.Environment, "app", r.App, "instance", r.Instance)
		for _, one := range r.Samples {
			text = append(text, "metric", one.Metric, "labels", one.Labels)
		}
	}
	return checkText(text...)
}

// usageKey is the key of a row of usage_hours.
type usageKey struct {
	flag, environment, app string
	hour                   int64
}

// foldUsage adds up what goes into the same row, in the order of the keys.
func foldUsage(usage []control.Usage) []control.Usage {
	sums := make(map[usageKey]control.Usage, len(usage))
	for _, u := range usage {
		u.Hour = u.Hour.Truncate(time.Hour)
		key := usageKey{u.Flag, u.Environment, u.App, toMs(u.Hour)}
		sum, found := sums[key]
		if !found {
			sums[key] = u
			continue
		}
		sum.Yes, sum.No = sum.Yes+u.Yes, sum.No+u.No
		if len(u.Variants) > 0 {
			sum.Variants = maps.Clone(sum.Variants)
			if sum.Variants == nil {
				sum.Variants = map[string]int64{}
			}
			for variant, n := range u.Variants {
				sum.Variants[variant] += n
			}
		}
		sums[key] = sum
	}
	return slices.SortedFunc(maps.Values(sums), compareUsage)
}

// addCounts adds to the hours' rows and to those of their variants.
func addCounts(s *session, usage []control.Usage) error {
	var hours, variants [][]any
	for _, u := range usage {
		hour := toMs(u.Hour)
		hours = append(hours, []any{u.Flag, u.Environment, u.App, hour, u.Yes, u.No})
		for _, variant := range slices.Sorted(maps.Keys(u.Variants)) {
			variants = append(variants, []any{u.Flag, u.Environment, u.App, hour, variant, u.Variants[variant]})
		}
	}
	err := s.insertAll("add usage", `INSERT INTO usage_hours (flag, environment, app, hour_at_ms, yes_count, no_count)`, hours,
		`ON CONFLICT (flag, environment, app, hour_at_ms) DO UPDATE
		SET yes_count = usage_hours.yes_count + excluded.yes_count, no_count = usage_hours.no_count + excluded.no_count`)
	if err != nil {
		return err
	}
	return s.insertAll("add usage of variants",
		`INSERT INTO usage_variants (flag, environment, app, hour_at_ms, variant, variant_count)`, variants,
		`ON CONFLICT (flag, environment, app, hour_at_ms, variant) DO UPDATE
		SET variant_count = usage_variants.variant_count + excluded.variant_count`)
}

// compareUsage orders by time, and then by what else makes the key.
func compareUsage(a, b control.Usage) int {
	return cmp.Or(a.Hour.Truncate(time.Hour).Compare(b.Hour.Truncate(time.Hour)),
		cmp.Compare(a.Flag, b.Flag), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App))
}

// Usage implements control.UsageStore. The hour that since falls in counts.
func (db *DB) Usage(ctx context.Context, flag string, since time.Time) ([]control.Usage, error) {
	if !storable(flag) {
		return nil, nil
	}
	args := []any{flag, toMs(since.Truncate(time.Hour))}
	var rows []control.Usage
	err := db.evidence.view(ctx, func(s *session) error {
		var err error
		if rows, err = readCounts(s, args); err != nil {
			return err
		}
		return readVariants(s, args, rows)
	})
	slices.SortFunc(rows, compareUsage)
	return rows, err
}

// readCounts reads the rows of (flag, first hour) without their variants.
func readCounts(s *session, args []any) ([]control.Usage, error) {
	const query = `SELECT flag, environment, app, hour_at_ms, yes_count, no_count FROM usage_hours
		WHERE flag = $1 AND hour_at_ms >= $2`
	return list(s, "read usage", query, args, func(rows *sql.Rows, u *control.Usage) error {
		var hour int64
		err := rows.Scan(&u.Flag, &u.Environment, &u.App, &hour, &u.Yes, &u.No)
		u.Hour = fromMs(hour)
		return err
	})
}

// readVariants fills in the Variants of rows.
func readVariants(s *session, args []any, rows []control.Usage) error {
	type key struct {
		environment, app string
		hour             int64
	}
	byKey := make(map[key]*control.Usage, len(rows))
	for i, u := range rows {
		byKey[key{u.Environment, u.App, toMs(u.Hour)}] = &rows[i]
	}
	const query = `SELECT environment, app, hour_at_ms, variant, variant_count FROM usage_variants
		WHERE flag = $1 AND hour_at_ms >= $2`
	type count struct {
		key
		variant string
		n       int64
	}
	counts, err := list(s, "read usage of variants", query, args, func(rows *sql.Rows, c *count) error {
		return rows.Scan(&c.environment, &c.app, &c.hour, &c.variant, &c.n)
	})
	for _, c := range counts {
		u := byKey[c.key] // always there: both rows are written together
		if u == nil {
			continue
		}
		if u.Variants == nil {
			u.Variants = map[string]int64{}
		}
		u.Variants[c.variant] = c.n
	}
	return err
}

// Shares implements control.UsageStore, by flag and environment.
func (db *DB) Shares(ctx context.Context, flags []string, since time.Time) ([]control.Share, error) {
	const query = `SELECT flag, environment, SUM(yes_count), SUM(no_count) FROM usage_hours
		WHERE flag = $1 AND hour_at_ms >= $2 GROUP BY flag, environment ORDER BY environment`
	var all []control.Share
	err := db.evidence.view(ctx, func(s *session) error {
		for _, flag := range slices.Sorted(slices.Values(flags)) {
			if !storable(flag) {
				continue
			}
			some, err := list(s, "read shares", query, []any{flag, toMs(since.Truncate(time.Hour))},
				func(rows *sql.Rows, h *control.Share) error { return rows.Scan(&h.Flag, &h.Environment, &h.Yes, &h.No) })
			if err != nil {
				return err
			}
			all = append(all, some...)
		}
		return nil
	})
	return all, err
}
