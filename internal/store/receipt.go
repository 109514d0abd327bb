package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
)

// addReceipts keeps the earliest moment at which an instance served a number.
func addReceipts(s *session, receipts []control.Receipt) error {
	const upsert = `INSERT INTO receipts (environment, app, instance, seq, applied_at_ms) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (environment, app, instance, seq) DO UPDATE SET applied_at_ms = excluded.applied_at_ms
		WHERE excluded.applied_at_ms < receipts.applied_at_ms`
	for _, r := range slices.SortedFunc(slices.Values(receipts), compareReceipts) {
		if _, err := s.exec("keep a receipt", upsert, r.Environment, r.App, r.Instance, r.Seq, toMs(r.AppliedAt)); err != nil {
			return err
		}
	}
	return nil
}

func compareReceipts(a, b control.Receipt) int {
	return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App),
		cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Seq, b.Seq))
}

// Receipts implements control.UsageStore, in the order of application and
// instance. The first receipt is the one of the earliest AppliedAt.
func (db *DB) Receipts(ctx context.Context, environment string, seq int64) ([]control.Receipt, error) {
	if !storable(environment) {
		return nil, nil
	}
	const query = `SELECT environment, app, instance, seq, applied_at_ms,
			(SELECT MIN(applied_at_ms) FROM receipts AS any_of WHERE any_of.environment = ranked.environment
				AND any_of.app = ranked.app AND any_of.instance = ranked.instance) AS since_ms FROM (
			SELECT environment, app, instance, seq, applied_at_ms,
				ROW_NUMBER() OVER (PARTITION BY app, instance ORDER BY applied_at_ms, seq) AS place
			FROM receipts WHERE environment = $1 AND seq >= $2) AS ranked
		WHERE place = 1`
	all, err := view(ctx, db.evidence, "read receipts", query, []any{environment, seq},
		func(rows *sql.Rows, r *control.Receipt) error {
			var at, since int64
			err := rows.Scan(&r.Environment, &r.App, &r.Instance, &r.Seq, &at, &since)
			r.AppliedAt, r.Since = fromMs(at), fromMs(since)
			return err
		})
	slices.SortFunc(all, compareReceipts)
	return all, err
}
