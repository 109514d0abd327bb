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
