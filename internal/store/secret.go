package store

import (
	"database/sql"
	"unicode/utf8"

	"github.com/lockflight/lockflight/internal/control"
)

// PutSecret implements control.Tx.
func (w *writer) PutSecret(key string, value []byte) error {
	if err := checkText("key", key); err != nil {
		return err
	}
	if value == nil {
		_, err := w.s.exec("remove a secret", `DELETE FROM secrets WHERE key = $1`, key)
		return err
	}
	const upsert = `INSERT INTO secrets (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
	_, err := w.s.exec("put a secret", upsert, key, value)
	return err
}

// Secrets implements control.ReadTx.
func (r *reader) Secrets(prefix string) (map[string][]byte, error) {
	out := map[string][]byte{}
	if !storable(prefix) {
		return out, nil
	}
	const query = `SELECT key, value FROM secrets WHERE substr(key, 1, $1) = $2`
	_, err := list(r.s, "read secrets", query, []any{utf8.RuneCountInString(prefix), prefix}, func(rows *sql.Rows, _ *struct{}) error {
		var key string
		var value []byte
		err := rows.Scan(&key, &value)
		out[key] = value
		return err
	})
	return out, err
}

// Secret implements control.ReadTx.
func (r *reader) Secret(key string) ([]byte, error) {
	missing := control.Errorf(control.NotFound, "not_found", "no secret %q", key)
	if !storable(key) {
		return nil, missing
	}
	var value []byte
	ok, err := r.s.row("read a secret", `SELECT value FROM secrets WHERE key = $1`, []any{key}, &value)
	if err == nil && !ok {
		err = missing
	}
	return value, err
}
