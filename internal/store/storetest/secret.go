package storetest

import (
	"bytes"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

func testSecrets(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	put := func(key string, value []byte) {
		t.Helper()
		update(t, db, func(tx control.Tx) error { return tx.PutSecret(key, value) })
	}
	want := func(key string, value []byte) {
		t.Helper()
		view(t, db, func(tx control.ReadTx) error {
			got, err := tx.Secret(key)
			if value == nil {
				wantKind(t, "a secret that is not there", err, control.NotFound)
				return nil
			}
			if !bytes.Equal(got, value) {
				t.Errorf("secret %q is %q, want %q", key, got, value)
			}
			return err
		})
	}
	want("a", nil)
	put("a", []byte("one"))
	put("b", []byte{0, 255})
	want("a", []byte("one"))
	want("b", []byte{0, 255})
	put("a", []byte("two"))
	want("a", []byte("two"))
	view(t, db, func(tx control.ReadTx) error {
		for prefix, n := range map[string]int{"": 2, "a": 1, "b": 1, "ab": 0, "\x00": 0} {
			if got, err := tx.Secrets(prefix); err != nil || len(got) != n {
				t.Errorf("%d secrets begin with %q (%v), want %d", len(got), prefix, err, n)
			}
		}
		return nil
	})
	put("a", nil)
	put("a", nil)
	want("a", nil)
	want("\x00", nil)
	err := db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
		if err := tx.PutSecret("b", []byte("lost")); err != nil {
			return err
		}
		return errStop
	})
	if err == nil {
		t.Error("an update that failed was committed")
	}
	want("b", []byte{0, 255})
}
