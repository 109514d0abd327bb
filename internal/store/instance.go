package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// addInstances keeps the latest sighting of each instance. One without an SDK,
// as in metrics, leaves the SDK that it registered with.
func addInstances(s *session, instances []control.Instance) error {
	const upsert = `INSERT INTO instances (environment, app, instance, sdk, seen_at_ms) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (environment, app, instance) DO UPDATE
		SET sdk = CASE WHEN excluded.sdk = '' THEN instances.sdk ELSE excluded.sdk END, seen_at_ms = excluded.seen_at_ms
		WHERE excluded.seen_at_ms >= instances.seen_at_ms`
	for _, i := range slices.SortedFunc(slices.Values(instances), compareInstances) {
		if _, err := s.exec("mark an instance", upsert, i.Environment, i.App, i.ID, i.SDK, toMs(i.SeenAt)); err != nil {
			return err
		}
	}
	return nil
}

func compareInstances(a, b control.Instance) int {
	return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App), cmp.Compare(a.ID, b.ID))
}

// Instances implements control.UsageStore, in the order of application and id.
func (db *DB) Instances(ctx context.Context, environment string, since time.Time) ([]control.Instance, error) {
	if !storable(environment) {
		return nil, nil
	}
	const query = `SELECT environment, app, instance, sdk, seen_at_ms FROM instances
		WHERE environment = $1 AND seen_at_ms >= $2`
	all, err := view(ctx, db.evidence, "read instances", query, []any{environment, toMs(since)},
		func(rows *sql.Rows, i *control.Instance) error {
			var at int64
			err := rows.Scan(&i.Environment, &i.App, &i.ID, &i.SDK, &at)
			i.SeenAt = fromMs(at)
			return err
		})
	slices.SortFunc(all, compareInstances)
	return all, err
}
