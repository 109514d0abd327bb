package unleash_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// event reads one event of a stream as name, id and data.
func event(t *testing.T, lines *bufio.Scanner) (name, id, data string) {
	t.Helper()
	for lines.Scan() && lines.Text() != "" {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		switch key {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			data = value
		}
	}
	return name, id, data
}

// TestStreaming follows a toggle over a real connection.
func TestStreaming(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	server := httptest.NewServer(p.mux)
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop() // before Close, which waits for the streams to end
	go func() { _ = p.hub.Run(ctx) }()
	connect := func(token, last string) *bufio.Scanner {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/client/streaming", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", token)
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Last-Event-ID", last)
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = answer.Body.Close() })
		if got := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || got != "text/event-stream" {
			t.Fatalf("%s, Content-Type %s", answer.Status, got)
		}
		return bufio.NewScanner(answer.Body)
	}
	stream, other := connect(backend, ""), connect(onlyBlue, "")
	name, first, data := event(t, stream)
	if name != "unleash-connected" || !strings.HasPrefix(data, `{"events":[{"type":"hydration","eventId":`+first) || !strings.Contains(data, `"name":"f"`) {
		t.Fatalf("first event: %s %s %s", name, first, data)
	}
	if _, _, data := event(t, other); strings.Contains(data, `"name":"f"`) {
		t.Fatalf("a token of another project was sent %s", data)
	}
	p.want(t, http.StatusOK, "POST", "/api/admin/projects/default/features/f/environments/development/off", admin, "")
	name, second, data := event(t, stream)
	if name != "unleash-updated" || !strings.Contains(data, `"enabled":false`) {
		t.Fatalf("after the toggle: %s %s %s", name, second, data)
	}
	again := connect(backend, first)
	name, id, replayed := event(t, again)
	if name != "unleash-connected" || id != second || replayed != data {
		t.Errorf("after Last-Event-ID %s: %s %s %s, want %s", first, name, id, replayed, data)
	}
	p.want(t, http.StatusCreated, "POST", "/api/admin/projects/blue/features", admin, `{"name":"b"}`)
	if name, _, data := event(t, other); name != "unleash-updated" || !strings.Contains(data, `"name":"b"`) {
		t.Errorf("the other project's first update: %s %s", name, data)
	}
}

// TestStreamEnds ends a stream soon after its token was revoked, and the others
// not.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlane(t)
		ctx, stop := context.WithCancel(t.Context())
		follow := func(token string) chan time.Time {
			ended := make(chan time.Time, 1)
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/client/streaming", http.NoBody)
			r.Header.Set("Authorization", token)
			go func() {
				p.mux.ServeHTTP(httptest.NewRecorder(), r)
				ended <- time.Now()
			}()
			return ended
		}
		revoked, kept := follow(onlyBlue), follow(backend)
		time.Sleep(7 * time.Second)
		_, token, err := p.service.Authenticate(ctx, onlyBlue)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.service.RevokeToken(ctx, control.Setup(), token.ID); err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		if after := (<-revoked).Sub(at); after > 5*time.Second {
			t.Errorf("the stream ended %v after its token", after)
		}
		time.Sleep(time.Minute)
		select {
		case <-kept:
			t.Error("the stream of a valid token ended")
		default:
		}
		stop()
		<-kept
	})
}
