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

// AddUsage implements control.UsageStore, in one transaction. Rows are written
// in the order of their keys, so that replicas which add at the same time
// never wait for each other in a circle. After an error of Code
// "commit_unknown" the call MUST NOT be repeated: counts may be lost, but not
// counted twice.
func (db *DB) AddUsage(ctx context.Context, usage []control.Usage, instances []control.Instance, receipts []control.Receipt) error {
	if err := checkReports(usage, instances, receipts); err != nil {
		return err
	}
	return db.evidence.update(ctx, func(s *session) error {
		if err := addCounts(s, usage); err != nil {
			return err
		}
		if err := addInstances(s, instances); err != nil {
			return err
		}
		return addReceipts(s, receipts)
	})
}

// checkReports refuses text that cannot be stored.
func checkReports(usage []control.Usage, instances []control.Instance, receipts []control.Receipt) error {
	var text []string
	for _, u := range usage {
		text = append(text, "flag", u.Flag, "environment", u.Environment, "app", u.App)
		for variant := range u.Variants {
			text = append(text, "variant", variant)
		}
	}
	for _, i := range instances {
		text = append(text, "environment", i.Environment, "app", i.App, "instance", i.ID, "sdk", i.SDK)
	}
	for _, r := range receipts {
		text = append(text, "environment", r.Environment, "app", r.App, "instance", r.Instance)
	}
	return checkText(text...)
}

// addCounts adds to the hours' rows and to those of their variants.
func addCounts(s *session, usage []control.Usage) error {
	const row = `INSERT INTO usage_hours (flag, environment, app, hour_at_ms, yes_count, no_count)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (flag, environment, app, hour_at_ms) DO UPDATE
		SET yes_count = usage_hours.yes_count + excluded.yes_count, no_count = usage_hours.no_count + excluded.no_count`
	const variantRow = `INSERT INTO usage_variants (flag, environment, app, hour_at_ms, variant, variant_count)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (flag, environment, app, hour_at_ms, variant) DO UPDATE
		SET variant_count = usage_variants.variant_count + excluded.variant_count`
	for _, u := range slices.SortedFunc(slices.Values(usage), compareUsage) {
		hour := toMs(u.Hour.Truncate(time.Hour))
		if _, err := s.exec("add usage", row, u.Flag, u.Environment, u.App, hour, u.Yes, u.No); err != nil {
			return err
		}
		for _, variant := range slices.Sorted(maps.Keys(u.Variants)) {
			args := []any{u.Flag, u.Environment, u.App, hour, variant, u.Variants[variant]}
			if _, err := s.exec("add usage of a variant", variantRow, args...); err != nil {
				return err
			}
		}
	}
	return nil
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
