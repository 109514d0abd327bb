package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

func testOpen(t *testing.T, fresh Fresh) {
	both := fresh(t)
	both.Dir, both.URL = t.TempDir(), "postgres://127.0.0.1/x"
	for _, o := range []store.Options{{}, both} {
		_, err := store.Open(t.Context(), o)
		wantKind(t, "Open", err, control.Invalid)
	}
	db := open(t, fresh(t))
	view(t, db, func(tx control.ReadTx) error { return checkLog(t, tx, 0) })
}

// testDurable abandons a database without closing it, as a crash would, and
// opens it anew.
func testDurable(t *testing.T, fresh Fresh) {
	o := fresh(t)
	crashed := open(t, o)
	if err := put(t.Context(), crashed, "a", `"acknowledged"`); err != nil {
		t.Fatal(err)
	}
	want := currentState(t, crashed)
	diff(t, "state after reopening", want, currentState(t, open(t, o)))
}

func testReopen(t *testing.T, fresh Fresh) {
	o := fresh(t)
	var want state
	for i, doc := range []string{`1`, `2`, `3`} {
		db := open(t, o)
		if i > 0 {
			diff(t, "state after reopening", want, currentState(t, db))
		}
		if err := put(t.Context(), db, "a", doc); err != nil {
			t.Fatal(err)
		}
		want = currentState(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := db.Checkpoints(t.Context(), 1)
		if err == nil {
			t.Error("a closed database answers")
		}
	}
}

func testReadOnly(t *testing.T, fresh Fresh) {
	o := fresh(t)
	o.ReadOnly = true
	if _, err := store.Open(t.Context(), o); err == nil {
		t.Error("Open found a log where there is none")
	}
	o.ReadOnly = false
	db := open(t, o)
	if err := put(t.Context(), db, "a", `{}`); err != nil {
		t.Fatal(err)
	}
	want := currentState(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o.ReadOnly = true
	db = open(t, o)
	diff(t, "state", want, currentState(t, db))
	wantKind(t, "Update", put(t.Context(), db, "b", `{}`), control.Unavailable)
	wantKind(t, "PutCheckpoint", db.PutCheckpoint(t.Context(), 1, "note", noon), control.Unavailable)
	wantKind(t, "AppendEvidence", db.AppendEvidence(t.Context(), noon, []control.EvidenceBatch{{}}), control.Unavailable)
	wantKind(t, "AddReports", db.AddReports(t.Context(), control.Reports{}), control.Unavailable)
	diff(t, "state after refused writes", want, currentState(t, db))
}

func testViewIsolation(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	if err := put(t.Context(), db, "a", `1`); err != nil {
		t.Fatal(err)
	}
	view(t, db, func(tx control.ReadTx) error {
		before, err := readState(tx)
		if err != nil {
			return err
		}
		if err := put(t.Context(), db, "a", `2`); err != nil {
			return err
		}
		after, err := readState(tx)
		diff(t, "state within one View", before, after)
		return err
	})
	diff(t, "size after it", int64(2), currentState(t, db).Head.Size)
	uncommitted := db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
		if _, err := tx.Append(record("undone")); err != nil {
			return err
		}
		diff(t, "size seen beside an Update", int64(2), currentState(t, db).Head.Size)
		return errStop
	})
	if !errors.Is(uncommitted, errStop) {
		t.Error(uncommitted)
	}
}

func testViewIsReadOnly(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	view(t, db, func(tx control.ReadTx) error {
		if _, ok := tx.(control.Tx); ok {
			t.Error("a View's transaction can be made to write")
		}
		return nil
	})
	err := db.View(t.Context(), func(control.ReadTx) error { return errStop })
	if !errors.Is(err, errStop) {
		t.Errorf("View returned %v, want the function's own error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = db.View(ctx, func(control.ReadTx) error { return nil })
	wantKind(t, "View", err, control.Unavailable)
}
