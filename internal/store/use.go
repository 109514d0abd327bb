package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
)

// MarkUsed implements control.UseStore.
func (db *DB) MarkUsed(ctx context.Context, uses []control.Use) error {
	for _, u := range uses {
		if err := checkText("credential", u.Credential); err != nil {
			return err
		}
	}
	const upsert = `INSERT INTO credential_uses (credential, used_at_ms) VALUES ($1, $2)
		ON CONFLICT (credential) DO UPDATE SET used_at_ms = excluded.used_at_ms
		WHERE excluded.used_at_ms > credential_uses.used_at_ms`
	return db.evidence.update(ctx, func(s *session) error {
		for _, u := range slices.SortedFunc(slices.Values(uses), compareUses) {
			if _, err := s.exec("mark a credential as used", upsert, u.Credential, toMs(u.At)); err != nil {
				return err
			}
		}
		return nil
	})
}

func compareUses(a, b control.Use) int { return cmp.Compare(a.Credential, b.Credential) }

// LastUsed implements control.UseStore, in the order of the ids.
func (db *DB) LastUsed(ctx context.Context, credential string) ([]control.Use, error) {
	if !storable(credential) {
		return nil, nil
	}
	query, args := `SELECT credential, used_at_ms FROM credential_uses`, []any(nil)
	if credential != "" {
		query, args = query+` WHERE credential = $1`, []any{credential}
	}
	all, err := view(ctx, db.evidence, "read last uses", query, args, func(rows *sql.Rows, u *control.Use) error {
		var at int64
		err := rows.Scan(&u.Credential, &at)
		u.At = fromMs(at)
		return err
	})
	slices.SortFunc(all, compareUses)
	return all, err
}
