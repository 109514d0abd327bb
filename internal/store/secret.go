package store

import "github.com/lockflight/lockflight/internal/control"

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
