package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// addInstances keeps the latest sighting of each instance. One without an SDK,
// strategies or projects leaves those that it came with before.
func addInstances(s *session, instances []control.Instance) error {
	const upsert = `INSERT INTO instances (environment, app, instance, sdk, seen_at_ms, frontend, strategies, projects, edge)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (environment, app, instance) DO UPDATE
		SET sdk = CASE WHEN excluded.sdk = '' THEN instances.sdk ELSE excluded.sdk END, seen_at_ms = excluded.seen_at_ms,
		frontend = excluded.frontend, strategies = CASE WHEN excluded.strategies = '' THEN instances.strategies ELSE excluded.strategies END,
		projects = CASE WHEN excluded.projects = '' THEN instances.projects ELSE excluded.projects END, edge = excluded.edge
		WHERE excluded.seen_at_ms >= instances.seen_at_ms`
	for _, i := range slices.SortedFunc(slices.Values(instances), compareInstances) {
		strategies, err := encodeNames(i.Strategies)
		if err != nil {
			return err
		}
		projects, err := encodeNames(i.Projects)
		if err != nil {
			return err
		}
		if _, err := s.exec("mark an instance", upsert,
			i.Environment, i.App, i.ID, i.SDK, toMs(i.SeenAt), i.Frontend, strategies, projects, i.Edge); err != nil {
			return err
		}
	}
	return nil
}

// encodeNames writes a list as JSON, an empty one as nothing.
func encodeNames(names []string) (string, error) {
	if len(names) == 0 {
		return "", nil
	}
	b, err := json.Marshal(names)
	return string(b), err
}

func decodeNames(text string, into *[]string) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

func compareInstances(a, b control.Instance) int {
	return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App), cmp.Compare(a.ID, b.ID))
}

// Instances implements control.UsageStore, in the order of application and id,
// environment by environment.
func (db *DB) Instances(ctx context.Context, environment string, since time.Time) ([]control.Instance, error) {
	if !storable(environment) {
		return nil, nil
	}
	const query = `SELECT environment, app, instance, sdk, seen_at_ms, frontend, strategies, projects, edge FROM instances
		WHERE ($1 = '' OR environment = $1) AND seen_at_ms >= $2`
	all, err := view(ctx, db.evidence, "read instances", query, []any{environment, toMs(since)},
		func(rows *sql.Rows, i *control.Instance) error {
			var at int64
			var strategies, projects string
			if err := rows.Scan(&i.Environment, &i.App, &i.ID, &i.SDK, &at, &i.Frontend, &strategies, &projects, &i.Edge); err != nil {
				return err
			}
			i.SeenAt = fromMs(at)
			return errors.Join(decodeNames(strategies, &i.Strategies), decodeNames(projects, &i.Projects))
		})
	slices.SortFunc(all, compareInstances)
	return all, err
}
