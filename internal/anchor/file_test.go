package anchor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/audit"
)

const origin = "audit.example.com/test"

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T, name string, seed byte) audit.Key {
	t.Helper()
	key, err := audit.GenerateKey(strings.NewReader(strings.Repeat(string(seed), 32)), name)
	check(t, err)
	return key
}

func TestFile(t *testing.T) {
	t.Parallel()
	key, older := newKey(t, origin, 'k'), newKey(t, origin+"-before", 'b')
	keys, err := audit.Verifiers(key.VerifierKey())
	check(t, err)
	f := File{filepath.Join(t.TempDir(), "anchor")}
	add := func(c audit.Checkpoint, by audit.Key) {
		t.Helper()
		signed, err := audit.Sign(c, by)
		check(t, err)
		check(t, f.Append(signed, time.UnixMilli(0)))
	}
	if got, err := f.Checkpoints(origin, keys); err != nil || got != nil {
		t.Errorf("of no file: %v, %v; want none", got, err)
	}
	want := []audit.Checkpoint{{Origin: origin, Size: 3}, {Origin: origin, Size: 7}}
	add(audit.Checkpoint{Origin: origin + "-before", Size: 9}, older)
	add(want[0], key)
	file, err := os.OpenFile(f.Path, os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	_, err = file.WriteString(`{"at":"2026-11-2`)
	check(t, err)
	check(t, file.Close())
	add(want[1], key)
	got, err := f.Checkpoints(origin, keys)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("checkpoints (-want +got), %v:\n%s", err, diff)
	}
	add(audit.Checkpoint{Origin: origin, Size: 8}, newKey(t, origin, 'x'))
	if _, err := f.Checkpoints(origin, keys); err == nil || !strings.Contains(err.Error(), "line 5") {
		t.Errorf("of a checkpoint by another key: %v, want an error that names line 5", err)
	}
}
