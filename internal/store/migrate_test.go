package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// TestMigrateFromFirst opens a database of the first version, and reads what
// it held as of then.
func TestMigrateFromFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openDir(t, dir).Close()
	db := raw(t, dir, "lockflight.db")
	for _, statement := range []string{
		`ALTER TABLE revisions DROP COLUMN seq`,
		`ALTER TABLE revisions DROP COLUMN deleted_at_ms`,
		`DROP TABLE secrets`,
		`DROP TABLE stream_cursors`,
		`DROP TABLE event_terms`,
		`DELETE FROM schema_version WHERE version_id > 1`,
		`INSERT INTO revisions (kind, key, rev, parent, hash, doc, at_ms) VALUES ('flag', 'a', 1, 'p', 'sha256:', '{}', 1000)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	migrated := openDir(t, dir)
	err := migrated.View(t.Context(), func(tx control.ReadTx) error {
		seq, err := tx.Recorded("flag", "a", 1)
		if seq != -1 || err != nil {
			t.Errorf("record %d (%v) of a revision that is older than its column, want -1", seq, err)
		}
		got, err := tx.ResourceAt("flag", "a", time.UnixMilli(1000))
		want := control.Resource{Kind: "flag", Key: "a", Parent: "p", Rev: 1, Hash: "sha256:", Doc: []byte("{}"), UpdatedAt: time.UnixMilli(1000).UTC()}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("revision (-want +got):\n%s", d)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestMigrateTakesRecordTimes gives revisions that know neither their record
// nor its time both of them, and an index to records that had none.
func TestMigrateTakesRecordTimes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openDir(t, dir).Close()
	db := raw(t, dir, "lockflight.db")
	made, gone := encoded(t, 0, "12:00:01", audit.Resource{Type: "flag", Key: "a", Rev1: 1, H1: audit.Sum(nil)}),
		encoded(t, 1, "12:00:02", audit.Resource{Type: "flag", Key: "a", Rev0: 1, H0: audit.Sum(nil)})
	for _, s := range []struct {
		text string
		args []any
	}{
		{`DROP TABLE secrets`, nil},
		{`DROP TABLE stream_cursors`, nil},
		{`DROP TABLE event_terms`, nil},
		{`DELETE FROM schema_version WHERE version_id > 2`, nil},
		{`INSERT INTO revisions (kind, key, rev, parent, hash, doc, at_ms) VALUES ('flag', 'a', 1, 'p', 'sha256:', '{}', 7)`, nil},
		{`INSERT INTO resources (kind, key, rev, parent, hash, doc, updated_at_ms) VALUES ('flag', 'a', 1, 'p', 'sha256:', '{}', 7)`, nil},
		{`INSERT INTO events (seq, record) VALUES (0, $1), (1, $2), (2, $3)`, []any{made, gone, []byte("no record")}},
	} {
		if _, err := db.ExecContext(t.Context(), s.text, s.args...); err != nil {
			t.Fatalf("%s: %v", s.text, err)
		}
	}
	openDir(t, dir).Close()
	var found int
	if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM event_terms WHERE seq < 2`).Scan(&found); err != nil || found != 2 {
		t.Errorf("%d entries in the index (%v), want that of the resource for each record", found, err)
	}
	var got [4]int64
	const query = `SELECT at_ms, revisions.seq, deleted_at_ms, updated_at_ms FROM revisions JOIN resources USING (kind, key, rev)`
	if err := db.QueryRowContext(t.Context(), query).Scan(&got[0], &got[1], &got[2], &got[3]); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 12, 0, 1, 0, time.UTC).UnixMilli()
	if want := [4]int64{at, 0, at + 1000, at}; got != want {
		t.Errorf("time, number, end and time of the document are %v, want %v", got, want)
	}
}

// encoded returns the record of a change at a time of a day.
func encoded(t *testing.T, seq int64, at string, res audit.Resource) []byte {
	t.Helper()
	b, err := audit.Encode(audit.Record{Seq: seq, TS: "2026-11-22T" + at + ".000Z", Outcome: "success", Res: res})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
