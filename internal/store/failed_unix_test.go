//go:build unix

package store

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

// failedDirEnv makes TestSQLiteFailed the process whose disk fails.
const failedDirEnv = "LOCKFLIGHT_TEST_FAILED_DIR"

// TestSQLiteFailed makes writes to the file fail, by a limit on the size of
// files. The limit is that of a whole process, so the test runs in one of its
// own.
func TestSQLiteFailed(t *testing.T) {
	if dir := os.Getenv(failedDirEnv); dir != "" {
		failWrites(t, dir)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSQLiteFailed$")
	cmd.Env = append(os.Environ(), failedDirEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := appendRecord(t, openDir(t, dir), "after reopening"); err != nil {
		t.Error(err)
	}
	var records []string
	err := openDir(t, dir).View(t.Context(), func(tx control.ReadTx) error {
		events, err := tx.Events(0, 9)
		for _, e := range events {
			records = append(records, string(e.Record))
		}
		return err
	})
	if got := strings.Join(records, ","); err != nil || got != "before,after reopening" {
		t.Errorf("events %q, error %v", got, err)
	}
}

func failWrites(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ) // the write itself reports the limit
	db := openDir(t, dir)
	if err := appendRecord(t, db, "before"); err != nil {
		t.Fatal(err)
	}
	wal, err := os.Stat(filepath.Join(dir, "lockflight.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	setLimit(t, syscall.Rlimit{Cur: uint64(wal.Size()) + 5000, Max: before.Max})
	err = appendRecord(t, db, strings.Repeat("x", 50_000))
	if control.KindOf(err) != control.Unavailable {
		t.Errorf("a write that failed: %v", err)
	}
	setLimit(t, before) // the disk works again, but what is on it is not known
	err = appendRecord(t, db, "after")
	if e, ok := errors.AsType[*control.Error](err); !ok || e.Code != "store_failed" {
		t.Errorf("the write after it: %v, want store_failed", err)
	}
	if err := db.AppendEvidence(t.Context(), db.now(), []control.EvidenceBatch{{Release: "r"}}); err != nil {
		t.Errorf("evidence, which is in another file: %v", err)
	}
	err = db.View(t.Context(), func(tx control.ReadTx) error {
		head, err := tx.Head()
		if head.Size != 1 {
			t.Errorf("size %d, want 1", head.Size)
		}
		return err
	})
	if err != nil {
		t.Errorf("a read: %v", err)
	}
}

func setLimit(t *testing.T, limit syscall.Rlimit) {
	t.Helper()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}
