package sdk_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestClientStreams(t *testing.T) {
	t.Parallel()
	s := newServer(t, off("a"))
	changed, wait := signal(t)
	c := open(t, s, func(o *sdk.Options) { o.OnChanged = changed })
	ready(t, c)
	if c.Bool("a", nil, true) {
		t.Error("a is on before the change")
	}
	s.put(on("a"), on("b"))
	serves(t, c, 3, wait)
	if !c.Bool("a", nil, false) || !c.Bool("b", nil, false) {
		t.Error("a or b is off after the change")
	}
	if got := c.Stats(); got.Source != sdk.SourceServer || got.Seq != 3 {
		t.Errorf("stats = %+v", got)
	}
	if n := len(s.received("/api/client/features")); n != 0 {
		t.Errorf("%d polls beside the stream", n)
	}
}

// A stream that breaks off is taken up where it ended; one that holds
// nonsense is begun anew.
func TestClientResumesItsStream(t *testing.T) {
	t.Parallel()
	const path = "/api/client/streaming"
	tests := []struct {
		name        string
		end         func(*server)
		lastEventID string
	}{
		{"hang-up", (*server).hangUp, "2"},
		{"not JSON", func(s *server) { s.say("event: unleash-updated\nid: 9\ndata: {\n\n") }, ""},
		{"unknown change", func(s *server) {
			s.say("event: unleash-updated\nid: 9\ndata: {\"events\":[{\"type\":\"x\",\"eventId\":9}]}\n\n")
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, off("a"))
			changed, wait := signal(t)
			c := open(t, s, func(o *sdk.Options) { o.OnChanged = changed })
			ready(t, c)
			s.put(on("b"))
			serves(t, c, 2, wait)
			test.end(s)
			again := s.waitFor(t, path, 2)
			if got := again[1].header.Get("Last-Event-ID"); got != test.lastEventID {
				t.Errorf("Last-Event-ID = %q, want %q", got, test.lastEventID)
			}
			if !c.Bool("b", nil, false) {
				t.Error("b is off while the stream is down")
			}
			for s.put(on("c")); !c.Bool("c", nil, false); {
				wait()
			}
		})
	}
}

func TestClientPollsWhereItCannotStream(t *testing.T) {
	t.Parallel()
	tests := map[string]http.HandlerFunc{
		"404":      status(http.StatusNotFound),
		"405":      status(http.StatusMethodNotAllowed),
		"a page":   func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"told so":  fetchMode,
		"disabled": nil,
	}
	for name, stream := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, off("a"))
			s.answer("/api/client/streaming", stream)
			changed, wait := signal(t)
			c := open(t, s, func(o *sdk.Options) {
				o.OnChanged, o.DisableStreaming = changed, stream == nil
			})
			ready(t, c)
			polls := s.waitFor(t, "/api/client/features", 3)
			if got := polls[2].header.Get("If-None-Match"); got != `"hash:1:v1"` {
				t.Errorf("If-None-Match = %q", got)
			}
			s.put(on("a"))
			serves(t, c, 2, wait)
			if !c.Bool("a", nil, false) {
				t.Error("a is off after the change")
			}
		})
	}
}

func fetchMode(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Write([]byte("event: fetch-mode\ndata: polling\n\n"))
}

func TestClientSaysWhoItIs(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	open(t, s, func(o *sdk.Options) { o.URL += "/api/"; o.InstanceID = "i1"; o.DisableStreaming = true })
	got := s.waitFor(t, "/api/client/features", 1)[0].header
	for name, want := range map[string]string{
		"Authorization": backendToken, "Unleash-AppName": "checkout", "Unleash-InstanceId": "i1",
		"Unleash-Client-Spec": "5.2.0", "Unleash-Interval": "10", "Accept": "application/json",
	} {
		if got.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.Get(name), want)
		}
	}
	if id := got.Get("Unleash-Connection-Id"); len(id) != 36 {
		t.Errorf("Unleash-Connection-Id = %q, want a UUID", id)
	}
	if name := got.Get("Unleash-Sdk"); !strings.HasPrefix(name, "lockflight-go:") {
		t.Errorf("Unleash-Sdk = %q", name)
	}
}

func TestClientStartsFromItsBackup(t *testing.T) {
	t.Parallel()
	s := newServer(t, on("a"))
	dir := filepath.Join(t.TempDir(), "flags")
	backedUp := func(o *sdk.Options) { o.BackupDir = dir }
	c := open(t, s, backedUp)
	ready(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/client/streaming", "/api/client/features"} {
		s.answer(path, status(http.StatusServiceUnavailable))
	}
	c = open(t, s, backedUp, func(o *sdk.Options) { o.Bootstrap = []byte(`{"features":[]}`) })
	if got := c.Stats(); got.Source != sdk.SourceBackup || got.Seq != 1 {
		t.Errorf("stats = %+v, want the backup of seq 1", got)
	}
	if !c.Bool("a", nil, false) {
		t.Error("a is off")
	}

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files = %v, %v; want one", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode = %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(files[0], []byte(`{"features":`), 0o600); err != nil {
		t.Fatal(err)
	}
	c = open(t, s, backedUp, func(o *sdk.Options) { o.Bootstrap = []byte(`{"features":[{"name":"b","enabled":true}]}`) })
	if got := c.Stats(); got.Source != sdk.SourceBootstrap || !c.Bool("b", nil, false) {
		t.Errorf("stats = %+v, want the bootstrap where the backup is damaged", got)
	}
}

func TestWaitReadySaysWhyNot(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := open(t, s, func(o *sdk.Options) { o.Token = "wrong" })
	s.waitFor(t, "/api/client/streaming", 2)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := c.WaitReady(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "401") {
		t.Errorf("err = %v, want a deadline and a 401", err)
	}
	if !c.Bool("a", &eval.Context{}, true) || c.Bool("a", nil, false) {
		t.Error("the fallback is not what a check without configuration answers")
	}
	c.Close()
	if err := c.WaitReady(t.Context()); !errors.Is(err, sdk.ErrClosed) {
		t.Errorf("err = %v, want %v", err, sdk.ErrClosed)
	}
	if err := c.Flush(t.Context()); !errors.Is(err, sdk.ErrClosed) {
		t.Errorf("err = %v, want %v", err, sdk.ErrClosed)
	}
}

// A stream may refuse for a while although polls are answered.
func TestClientPollsBetweenFailedStreams(t *testing.T) {
	t.Parallel()
	s := newServer(t, on("a"))
	s.answer("/api/client/streaming", status(http.StatusServiceUnavailable))
	c := open(t, s)
	ready(t, c)
	if !c.Bool("a", nil, false) {
		t.Error("a is off")
	}
}
