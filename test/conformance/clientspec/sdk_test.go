package clientspec

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestClientSpecificationThroughTheSDK runs every case through a client that
// received its file's document over HTTP: as a stream, and as a document that
// it polls for.
func TestClientSpecificationThroughTheSDK(t *testing.T) {
	t.Parallel()
	dir := cmp.Or(os.Getenv("LOCKFLIGHT_CLIENT_SPEC"), "../../node_modules/@unleash/client-specification/specifications")
	var index []string
	read(t, filepath.Join(dir, "index.json"), &index)
	for _, mode := range []struct {
		name    string
		handler func(testing.TB, state) http.Handler
	}{{"stream", streaming}, {"poll", polling}} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			ran := 0
			for _, name := range index {
				var s spec
				read(t, filepath.Join(dir, name), &s)
				server := httptest.NewServer(mode.handler(t, s.State))
				c := connect(t, server.URL)
				ran += s.runWith(t, c)
				_ = c.Close() // before its server, which has no place for its last report
				server.Close()
			}
			if want := evaluationCases + deltaCases; ran != want {
				t.Errorf("ran %d cases, want %d", ran, want)
			}
		})
	}
}

// streaming serves a state by GET /api/client/streaming: its events, after a
// hydration where they do not begin with one, as every stream does.
func streaming(t testing.TB, s state) http.Handler {
	delta := s.Delta
	if len(delta.Events) == 0 || delta.Events[0].Type != eval.Hydration {
		document := eval.Event{Type: eval.Hydration, EventID: 1, Features: s.Features, Segments: s.Segments}
		delta.Events = slices.Insert(slices.Clone(delta.Events), 0, document)
	}
	data, err := json.Marshal(delta)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/client/streaming", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "event: unleash-connected\nid: 1\ndata: %s\n\n", data)
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		<-r.Context().Done()
	})
	return mux
}

// polling serves a state by GET /api/client/features alone.
func polling(t testing.TB, s state) http.Handler {
	document, err := s.Apply(s.Delta)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/client/features", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(data)
	})
	return mux
}

// connect returns a client that has received its configuration.
func connect(t *testing.T, url string) *sdk.Client {
	t.Helper()
	c, err := sdk.New(t.Context(), sdk.Options{
		URL: url, Token: "default:default.secret", AppName: "conformance",
		MetricsInterval: time.Hour, EvidenceInterval: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	if source := c.Stats().Source; source != sdk.SourceServer {
		t.Fatalf("the configuration is from %s", source)
	}
	return c
}

// runWith asks a client the cases of a file and returns how many it has.
func (s spec) runWith(t *testing.T, c *sdk.Client) int {
	for _, tc := range s.Tests {
		ec := tc.Context.context()
		for how, got := range map[string]bool{"Bool": c.Bool(tc.ToggleName, ec, false), "Handle.Bool": c.Flag(tc.ToggleName).Bool(ec, false)} {
			if got != tc.ExpectedResult {
				t.Errorf("%s/%s: %s(%s) = %v, want %v", s.Name, tc.Description, how, tc.ToggleName, got, tc.ExpectedResult)
			}
		}
	}
	for _, tc := range s.VariantTests {
		ec := tc.Context.context()
		for how, got := range map[string]eval.Variant{"Variant": c.Variant(tc.ToggleName, ec), "Handle.Variant": c.Flag(tc.ToggleName).Variant(ec)} {
			if diff := gocmp.Diff(tc.ExpectedResult, got); diff != "" {
				t.Errorf("%s/%s: %s(%s) (-want +got):\n%s", s.Name, tc.Description, how, tc.ToggleName, diff)
			}
		}
	}
	return len(s.Tests) + len(s.VariantTests)
}
