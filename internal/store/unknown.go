package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
)

// addUnknown marks flags that were asked about and are not served, and lets go
// of the oldest where they are too many.
func addUnknown(s *session, unknown []control.UnknownUse) error {
	if len(unknown) == 0 {
		return nil
	}
	rows := make([][]any, 0, len(unknown))
	latest := slices.SortedFunc(slices.Values(unknown), func(a, b control.UnknownUse) int {
		return cmp.Or(compareUnknown(a, b), b.SeenAt.Compare(a.SeenAt))
	})
	for _, u := range slices.CompactFunc(latest, func(a, b control.UnknownUse) bool { return compareUnknown(a, b) == 0 }) {
		rows = append(rows, []any{u.Flag, u.Environment, u.App, toMs(u.SeenAt)})
	}
	err := s.insertAll("mark unknown flags", `INSERT INTO unknown_flags (flag, environment, app, seen_at_ms)`, rows,
		`ON CONFLICT (flag, environment, app) DO UPDATE SET seen_at_ms = excluded.seen_at_ms
		WHERE excluded.seen_at_ms > unknown_flags.seen_at_ms`)
	if err != nil {
		return err
	}
	return trimUnknown(s)
}

// trimUnknown lets go of the oldest where there are more than MaxUnknown.
func trimUnknown(s *session) error {
	var n int64
	const doing = "drop the oldest unknown flags"
	if _, err := s.row(doing, `SELECT COUNT(*) FROM unknown_flags`, nil, &n); err != nil || n <= control.MaxUnknown {
		return err
	}
	const surplus = `DELETE FROM unknown_flags WHERE (flag, environment, app) IN (SELECT flag, environment, app FROM unknown_flags
		ORDER BY seen_at_ms, flag, environment, app LIMIT $1)`
	_, err := s.exec(doing, surplus, n-control.MaxUnknown)
	return err
}

func compareUnknown(a, b control.UnknownUse) int {
	return cmp.Or(cmp.Compare(a.Flag, b.Flag), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App))
}

// UnknownUses implements control.UsageStore.
func (db *DB) UnknownUses(ctx context.Context) ([]control.UnknownUse, error) {
	const query = `SELECT flag, environment, app, seen_at_ms FROM unknown_flags`
	all, err := view(ctx, db.evidence, "read unknown flags", query, nil, func(rows *sql.Rows, u *control.UnknownUse) error {
		var at int64
		err := rows.Scan(&u.Flag, &u.Environment, &u.App, &at)
		u.SeenAt = fromMs(at)
		return err
	})
	slices.SortFunc(all, compareUnknown)
	return all, err
}
