package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// TestBackupWhileWriting copies a database again and again while records are
// appended. Each copy opens, is whole up to where it ends, and takes writes.
func TestBackupWhileWriting(t *testing.T) {
	t.Parallel()
	db := openDir(t, t.TempDir())
	var g errgroup.Group
	g.Go(func() error {
		for i := range 200 {
			if err := appendRecord(t, db, fmt.Sprint("record ", i)); err != nil {
				return err
			}
		}
		return nil
	})
	var last int64
	for i := range 5 {
		dir := filepath.Join(t.TempDir(), "copy")
		if err := db.Backup(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		copied := openDir(t, dir)
		size := leavesOf(t, copied)
		if size < last {
			t.Errorf("copy %d has %d records, the one before %d", i, size, last)
		}
		last = size
		if err := appendRecord(t, copied, "after the restore"); err != nil {
			t.Error(err)
		}
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// leavesOf counts the records, all of which must be there.
func leavesOf(t *testing.T, db *DB) int64 {
	t.Helper()
	var size, n int64
	err := db.ViewLog(t.Context(), func(log audit.FollowedLog) (err error) {
		if size, _, err = log.Head(); err != nil {
			return err
		}
		for leaf, err := range log.Leaves() {
			if err != nil {
				return err
			}
			if leaf.Seq != n {
				t.Errorf("record %d is where %d belongs", leaf.Seq, n)
			}
			n++
		}
		return nil
	})
	if err != nil || n != size {
		t.Fatalf("%d records of %d: %v", n, size, err)
	}
	return size
}

// TestBackupOfReadOnly copies what another process has open.
func TestBackupOfReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDir(t, dir)
	if err := db.AppendEvidence(t.Context(), db.now(), []control.EvidenceBatch{{Release: "r", Lines: []byte("{}\n")}}); err != nil {
		t.Fatal(err)
	}
	beside, err := Open(t.Context(), Options{Dir: dir, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if err := errors.Join(beside.Backup(t.Context(), to), beside.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := openDir(t, to).Evidence(t.Context(), "r", 0, 10)
	if err != nil || len(got) != 1 {
		t.Errorf("evidence %v, %v", got, err)
	}
	if err := db.Backup(t.Context(), to); control.KindOf(err) != control.Exists {
		t.Errorf("a backup over another: %v", err)
	}
	if d := cmp.Diff([]string{"evidence.db", "lockflight.db"}, baseNames(t, to)); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}

func baseNames(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	return files
}
