// Package storetest is the contract of package store as a test suite, which
// every engine passes. It knows the stores by their methods alone and no
// engine by name.
package storetest

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

// Fresh returns where an empty database is. It lasts until tb ends, and may be
// opened several times over.
type Fresh func(tb testing.TB) store.Options

// Run runs the suite. Each test has a database of its own.
func Run(t *testing.T, fresh Fresh) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, fresh Fresh)
	}{
		{"Open", testOpen},
		{"Resources", testResources},
		{"ResourceOrder", testResourceOrder},
		{"Revisions", testRevisions},
		{"Recorded", testRecorded},
		{"Past", testPast},
		{"PastMachine", testPastMachine},
		{"Text", testText},
		{"Blobs", testBlobs},
		{"Secrets", testSecrets},
		{"Cursors", testCursors},
		{"Log", testLog},
		{"ViewLog", testViewLog},
		{"Search", testSearch},
		{"LogTooLarge", testLogTooLarge},
		{"Rollback", testRollback},
		{"Swallowed", testSwallowed},
		{"SerialWriters", testSerialWriters},
		{"Urgent", testUrgent},
		{"CancelWaiting", testCancelWaiting},
		{"CancelInside", testCancelInside},
		{"ViewIsolation", testViewIsolation},
		{"ViewIsReadOnly", testViewIsReadOnly},
		{"Durable", testDurable},
		{"Reopen", testReopen},
		{"ReadOnly", testReadOnly},
		{"Checkpoints", testCheckpoints},
		{"Changed", testChanged},
		{"Evidence", testEvidence},
		{"EvidenceRepeats", testEvidenceRepeats},
		{"EvidenceConcurrent", testEvidenceConcurrent},
		{"EvidenceCancel", testEvidenceCancel},
		{"EvidenceBesideUpdate", testEvidenceBesideUpdate},
		{"Usage", testUsage},
		{"UsageConcurrent", testUsageConcurrent},
		{"Instances", testInstances},
		{"Receipts", testReceipts},
		{"Uses", testUses},
		{"FlagUses", testFlagUses},
		{"Unknown", testUnknown},
		{"Impact", testImpact},
		{"ImpactConcurrent", testImpactConcurrent},
		{"DropReports", testDropReports},
		{"ForgetApp", testForgetApp},
		{"Machine", testMachine},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, fresh)
		})
	}
}

// open opens the database at o until tb ends.
func open(tb testing.TB, o store.Options) *store.DB {
	tb.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	db, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return db
}

// reporter is what *testing.T and *rapid.T have in common.
type reporter interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// update is an Update that must succeed.
func update(tb reporter, db control.Store, fn func(tx control.Tx) error) {
	tb.Helper()
	if err := db.Update(tb.Context(), control.Normal, fn); err != nil {
		tb.Fatal(err)
	}
}

// view is a View that must succeed.
func view(tb reporter, db control.Store, fn func(tx control.ReadTx) error) {
	tb.Helper()
	if err := db.View(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

// put stores one document, which is also its event's record.
func put(ctx context.Context, db control.Store, key, doc string) error {
	return db.Update(ctx, control.Normal, func(tx control.Tx) error {
		if _, err := tx.Put("flag", key, "", []byte(doc)); err != nil {
			return err
		}
		_, err := tx.Append(record(doc))
		return err
	})
}

// record is for Append: always the same bytes.
func record(text string) func(int64) ([]byte, error) {
	return func(int64) ([]byte, error) { return []byte(text), nil }
}

// wantKind checks the kind of an error.
func wantKind(tb reporter, doing string, err error, want control.Kind) {
	tb.Helper()
	var e *control.Error
	if !errors.As(err, &e) || e.Kind != want {
		tb.Errorf("%s: error %v, want a control.Error of kind %d", doing, err, want)
	}
}

func diff(tb reporter, what string, want, got any) {
	tb.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(audit.Document{})); d != "" {
		tb.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// noon is a moment that all engines keep exactly: whole milliseconds, UTC.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123_000_000, time.UTC)

// clock returns a clock that stands still.
func clock(now time.Time) func() time.Time { return func() time.Time { return now } }

var errStop = errors.New("stop")
