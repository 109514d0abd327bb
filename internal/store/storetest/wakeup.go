package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// testChanged waits for what this process writes. Package store's users on
// another replica are woken by Run, which the engines that have replicas test.
func testChanged(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	changed, arrived := db.Changed(), db.EvidenceArrived()
	isClosed := func(ch <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	update(t, db, func(tx control.Tx) error {
		_, err := tx.Put("flag", "a", "", []byte(`{}`))
		return err
	})
	diff(t, "woken by a write without an event", false, isClosed(changed))
	if err := put(t.Context(), db, "a", `{}`); err != nil {
		t.Fatal(err)
	}
	diff(t, "woken by an event", true, isClosed(changed))
	diff(t, "woken twice", false, isClosed(db.Changed()))
	diff(t, "woken for evidence by an event", false, isClosed(arrived))
	if err := db.AppendEvidence(t.Context(), noon, []control.EvidenceBatch{{Release: "r"}}); err != nil {
		t.Fatal(err)
	}
	diff(t, "woken by evidence", true, isClosed(arrived))

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := db.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run returned %v, want the context's error", err)
	}
}
