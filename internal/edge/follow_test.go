package edge

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/control"
)

const hydrated = `{"events":[{"type":"hydration","eventId":7,"features":[{"name":"f","project":"p"}],"segments":[]}]}`

// running runs an edge of an upstream that vouches for its token and answers
// the rest with h, and returns the edge's follower once it holds something.
func running(t *testing.T, h func(w http.ResponseWriter, r *http.Request)) (*Edge, *follower) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/edge/validate" {
			h(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"tokens":[{"token":%q,"type":"client","projects":["*"],"environment":"production"}]}`, secret)
	}))
	e, f := newEdge(t, server.URL)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	if _, err := e.Of(t.Context(), control.Token{Environment: "production", Projects: []string{control.All}}); err != nil {
		t.Fatal(err)
	}
	return e, f
}

// TestPolls follows an upstream that does not stream.
func TestPolls(t *testing.T) {
	t.Parallel()
	_, f := running(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/client/delta" || r.Header.Get("Authorization") != secret {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", `"7"`)
		_, _ = io.WriteString(w, hydrated)
	})
	if _, seq := f.position(); seq != 7 || !f.serves("f") {
		t.Errorf("by polling the edge holds %d, want f at 7", seq)
	}
}

// refused returns how many payloads were refused for a reason.
func refused(t *testing.T, e *Edge, reason string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(e.count.refused)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if m.GetLabel()[0].GetValue() == reason {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// TestRefuses keeps what it has from an upstream that goes on with what is
// malformed, cut short or older.
func TestRefuses(t *testing.T) {
	t.Parallel()
	const event = "id: %s\nevent: unleash-updated\ndata: %s\n\n"
	for name, tt := range map[string]struct{ id, data, reason string }{
		"no JSON":        {"8", `not JSON`, "malformed"},
		"cut short":      {"8", hydrated[:len(hydrated)/2], "malformed"},
		"no number":      {"x", hydrated, "malformed"},
		"unknown change": {"8", `{"events":[{"type":"feature-exploded","eventId":8}]}`, "malformed"},
		"no feature":     {"8", `{"events":[{"type":"feature-updated","eventId":8}]}`, "malformed"},
		"older":          {"6", `{"events":[{"type":"feature-removed","eventId":6,"featureName":"f","project":"p"}]}`, "older"},
		"older as whole": {"6", `{"events":[{"type":"hydration","eventId":6,"features":[],"segments":[]}]}`, "older"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, f := running(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = fmt.Fprintf(w, event+event, "7", hydrated, tt.id, tt.data)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			})
			for end := time.Now().Add(10 * time.Second); refused(t, e, tt.reason) == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("it is not counted as %s", tt.reason)
				}
			}
			if _, seq := f.position(); seq != 7 || !f.serves("f") {
				t.Errorf("the edge holds %d, want f at 7", seq)
			}
		})
	}
}
