package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
