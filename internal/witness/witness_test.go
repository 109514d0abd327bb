package witness_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/witness"
)

// log is a plane's log, as a witness sees it.
type log struct {
	key    audit.Key
	size   int64
	hashes []audit.Hash
	down   bool
}

func newLog(t *testing.T, seed string) *log {
	t.Helper()
	key, err := audit.GenerateKey(strings.NewReader(strings.Repeat(seed, 32)), "test")
	check(t, err)
	return &log{key: key}
}

// ReadHashes implements audit.HashReader.
func (l *log) ReadHashes(indexes []int64) (out []audit.Hash, err error) {
	for _, i := range indexes {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

func (l *log) grow(t *testing.T, n int64, what string) {
	t.Helper()
	for ; l.size < n; l.size++ {
		added, err := audit.Append(l.size, fmt.Appendf(nil, "%s %d", what, l.size), l)
		check(t, err)
		l.hashes = append(l.hashes, added.Hashes...)
	}
}

func (l *log) get(_ context.Context, path string) (*http.Response, error) {
	if l.down {
		return nil, errors.New("no route")
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	switch r.URL.Path {
	case "/audit/log/checkpoint":
		root, err := audit.Root(l.size, l)
		if err != nil {
			return nil, err
		}
		signed, err := audit.Sign(audit.Checkpoint{Origin: "test", Size: l.size, Root: root}, l.key)
		if err != nil {
			return nil, err
		}
		fmt.Fprint(w, signed)
	case "/audit/log/vkey":
		fmt.Fprintln(w, l.key.VerifierKey())
	case "/audit/log/consistency":
		from, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
		to, _ := strconv.ParseInt(r.URL.Query().Get("to"), 10, 64)
		hashes, err := audit.ProvePrefix(from, to, l)
		if err != nil {
			return nil, err
		}
		if err := json.NewEncoder(w).Encode(map[string][]tlog.Hash{"hashes": hashes}); err != nil {
			return nil, err
		}
	}
	return w.Result(), nil
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestLook follows a log that is in order, over a restart, and raises an alarm
// over any other.
func TestLook(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		next  func(t *testing.T) *log
		alarm string
	}{
		{"it grows", func(t *testing.T) *log { l := newLog(t, "k"); l.grow(t, 23, "record"); return l }, ""},
		{"nothing new", func(t *testing.T) *log { l := newLog(t, "k"); l.grow(t, 9, "record"); return l }, ""},
		{"shorter", func(t *testing.T) *log { l := newLog(t, "k"); l.grow(t, 8, "record"); return l }, "had 9 records, and has 8"},
		{"rewritten", func(t *testing.T) *log { l := newLog(t, "k"); l.grow(t, 23, "other"); return l }, "do not go on"},
		{"rewritten, of the same length", func(t *testing.T) *log { l := newLog(t, "k"); l.grow(t, 9, "other"); return l }, "do not go on"},
		{"another key", func(t *testing.T) *log { l := newLog(t, "f"); l.grow(t, 23, "record"); return l }, "not signed by the key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "witness.json")
			first := newLog(t, "k")
			first.grow(t, 9, "record")
			w, err := witness.New(file, first.get)
			check(t, err)
			check(t, w.Look(t.Context()))
			next := tt.next(t)
			w, err = witness.New(file, next.get)
			check(t, err)
			for range 2 { // an alarm is raised again
				err = w.Look(t.Context())
				alarm, raised := errors.AsType[*witness.Alarm](err)
				if raised != (tt.alarm != "") || err != nil && !strings.Contains(err.Error(), tt.alarm) {
					t.Errorf("Look: %v, want %q", err, tt.alarm)
				}
				if raised && (alarm.Held == "" || alarm.Seen == "") {
					t.Errorf("the alarm proves nothing: %+v", alarm)
				}
			}
		})
	}
}

// What cannot be asked, or read, is no alarm.
func TestLookFails(t *testing.T) {
	t.Parallel()
	l := newLog(t, "k")
	l.down = true
	w, err := witness.New("", l.get)
	check(t, err)
	err = w.Look(t.Context())
	if _, raised := errors.AsType[*witness.Alarm](err); err == nil || raised {
		t.Errorf("a log that is down: %v", err)
	}
	file := filepath.Join(t.TempDir(), "witness.json")
	check(t, os.WriteFile(file, []byte("x"), 0o600))
	if _, err := witness.New(file, l.get); err == nil {
		t.Error("a broken file is read")
	}
}
