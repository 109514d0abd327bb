package store

import (
	"context"
	"time"
)

// dropStep is how much of a table one transaction removes: what came in an
// hour, so that whoever reports meanwhile waits for that much at most.
const dropStep = time.Hour

// aging are the tables of what clients report that is dropped when it is old,
// with the column that says how old it is.
var aging = [][2]string{
	{"usage_hours", "hour_at_ms"},
	{"usage_variants", "hour_at_ms"},
	{"receipts", "applied_at_ms"},
	{"impact_windows", "start_at_ms"},
	{"impact_buckets", "start_at_ms"},
	{"impact_senders", "seen_at_ms"},
	{"instances", "seen_at_ms"},
	{"unknown_flags", "seen_at_ms"},
}

// DropReports implements control.UsageStore.
func (db *DB) DropReports(ctx context.Context, before time.Time) error {
	for _, t := range aging {
		for more := true; more; {
			var err error
			if more, err = db.dropOldest(ctx, t[0], t[1], before); err != nil {
				return err
			}
		}
	}
	return db.evidence.update(ctx, func(s *session) error {
		const superseded = `DELETE FROM flag_uses WHERE seen_at_ms < $1 AND EXISTS (SELECT 1 FROM flag_uses AS newer
			WHERE newer.flag = flag_uses.flag AND newer.environment = flag_uses.environment
			AND newer.seen_at_ms > flag_uses.seen_at_ms)`
		_, err := s.exec("drop old uses of flags", superseded, toMs(before))
		return err
	})
}

// dropOldest removes the oldest hour of a table, no later than before, and
// reports whether there was anything to remove.
func (db *DB) dropOldest(ctx context.Context, table, column string, before time.Time) (bool, error) {
	var n int64
	err := db.evidence.update(ctx, func(s *session) error {
		var oldest *int64
		doing := "drop old rows of " + table
		if _, err := s.row(doing, `SELECT MIN(`+column+`) FROM `+table, nil, &oldest); err != nil || oldest == nil {
			return err
		}
		until := min(toMs(before), *oldest+dropStep.Milliseconds())
		var err error
		n, err = s.exec(doing, `DELETE FROM `+table+` WHERE `+column+` < $1`, until)
		return err
	})
	return n > 0, err
}

// ForgetApp implements control.UsageStore.
func (db *DB) ForgetApp(ctx context.Context, app string) error {
	if !storable(app) {
		return nil
	}
	return db.evidence.update(ctx, func(s *session) error {
		for _, table := range []string{
			"usage_hours", "usage_variants", "flag_uses", "unknown_flags", "instances", "receipts",
			"impact_windows", "impact_buckets", "impact_senders",
		} {
			if _, err := s.exec("forget an application", `DELETE FROM `+table+` WHERE app = $1`, app); err != nil {
				return err
			}
		}
		return nil
	})
}
