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

// addUses marks who asked about which flag, and what they were answered.
func addUses(s *session, usage []control.Usage) error {
	uses := map[usageKey]control.FlagUse{}
	for _, u := range usage {
		if u.SeenAt.IsZero() {
			u.SeenAt = u.Hour
		}
		key := usageKey{flag: u.Flag, environment: u.Environment, app: u.App}
		use, found := uses[key]
		if !found {
			use = control.FlagUse{Flag: u.Flag, Environment: u.Environment, App: u.App, FirstAt: u.SeenAt}
		}
		use.FirstAt, use.SeenAt = earlier(use.FirstAt, u.SeenAt), later(use.SeenAt, u.SeenAt)
		if u.Yes > 0 {
			use.YesAt = later(use.YesAt, u.SeenAt)
		}
		if u.No > 0 {
			use.NoAt = later(use.NoAt, u.SeenAt)
		}
		uses[key] = use
	}
	rows := make([][]any, 0, len(uses))
	for _, u := range slices.SortedFunc(maps.Values(uses), compareFlagUses) {
		rows = append(rows, []any{u.Flag, u.Environment, u.App, toMs(u.FirstAt), toMs(u.SeenAt), msOrNever(u.YesAt), msOrNever(u.NoAt)})
	}
	return s.insertAll("mark the use of flags",
		`INSERT INTO flag_uses (flag, environment, app, first_at_ms, seen_at_ms, yes_at_ms, no_at_ms)`, rows,
		`ON CONFLICT (flag, environment, app) DO UPDATE
		SET first_at_ms = CASE WHEN excluded.first_at_ms < flag_uses.first_at_ms THEN excluded.first_at_ms ELSE flag_uses.first_at_ms END,
		seen_at_ms = CASE WHEN excluded.seen_at_ms > flag_uses.seen_at_ms THEN excluded.seen_at_ms ELSE flag_uses.seen_at_ms END,
		yes_at_ms = CASE WHEN excluded.yes_at_ms > flag_uses.yes_at_ms THEN excluded.yes_at_ms ELSE flag_uses.yes_at_ms END,
		no_at_ms = CASE WHEN excluded.no_at_ms > flag_uses.no_at_ms THEN excluded.no_at_ms ELSE flag_uses.no_at_ms END`)
}

// FlagUses implements control.UsageStore.
func (db *DB) FlagUses(ctx context.Context, of control.UseFilter) ([]control.FlagUse, error) {
	if !storable(of.Flag) || !storable(of.App) {
		return nil, nil
	}
	query, args := `SELECT flag, environment, app, first_at_ms, seen_at_ms, yes_at_ms, no_at_ms FROM flag_uses`, []any{}
	switch {
	case of.Flag != "" && of.App != "":
		query, args = query+` WHERE flag = $1 AND app = $2`, []any{of.Flag, of.App}
	case of.Flag != "":
		query, args = query+` WHERE flag = $1`, []any{of.Flag}
	case of.App != "":
		query, args = query+` WHERE app = $1`, []any{of.App}
	}
	all, err := view(ctx, db.evidence, "read the use of flags", query, args, func(rows *sql.Rows, u *control.FlagUse) error {
		var first, seen, yes, no int64
		err := rows.Scan(&u.Flag, &u.Environment, &u.App, &first, &seen, &yes, &no)
		u.FirstAt, u.SeenAt, u.YesAt, u.NoAt = fromMs(first), fromMs(seen), fromMsOrNever(yes), fromMsOrNever(no)
		return err
	})
	slices.SortFunc(all, compareFlagUses)
	return all, err
}

func compareFlagUses(a, b control.FlagUse) int {
	return cmp.Or(cmp.Compare(a.Flag, b.Flag), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// msOrNever is toMs with 0 for the zero time.
func msOrNever(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return toMs(t)
}

// fromMsOrNever is the inverse of msOrNever.
func fromMsOrNever(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return fromMs(ms)
}
