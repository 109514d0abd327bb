package sdk_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

const backendToken = "default:development.secret"

// server is a server of one environment, as far as a client sees it. Its
// answers can be replaced by path, which is how it is made to fail.
type server struct {
	URL string

	mu       sync.Mutex
	document eval.Snapshot
	seq      int64
	streams  map[chan string]bool
	answers  map[string]http.HandlerFunc
	requests map[string][]request
	arrived  chan struct{} // closed at every request, and made anew
}

type request struct {
	header   http.Header
	body     []byte
	replaced bool // the answer was not the proper one
}

// newServer serves these flags, as of sequence number 1, until the test ends.
func newServer(t testing.TB, flags ...eval.Flag) *server {
	t.Helper()
	s := unconnected(flags...)
	listening := httptest.NewServer(s)
	s.URL = listening.URL
	t.Cleanup(func() {
		listening.CloseClientConnections() // Close waits for the streams
		listening.Close()
	})
	return s
}

// unconnected is a server that listens nowhere.
func unconnected(flags ...eval.Flag) *server {
	return &server{
		document: eval.Snapshot{Version: 2, Features: flags, Query: []byte(`{"environment":"development"}`)},
		seq:      1,
		streams:  make(map[chan string]bool),
		answers:  make(map[string]http.HandlerFunc),
		requests: make(map[string][]request),
		arrived:  make(chan struct{}),
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	answer := s.answers[r.URL.Path]
	s.requests[r.URL.Path] = append(s.requests[r.URL.Path], request{r.Header, body, answer != nil})
	close(s.arrived)
	s.arrived = make(chan struct{})
	s.mu.Unlock()
	if r.Header.Get("Authorization") != backendToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if answer != nil {
		answer(w, r)
		return
	}
	switch r.URL.Path {
	case "/api/client/streaming":
		s.stream(w, r)
	case "/api/client/features":
		s.features(w, r)
	case "/api/v1/evidence":
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"accepted":%d,"rejected":[]}`, bytes.Count(body, []byte("\n")))
	case "/api/client/register", "/api/client/metrics":
		w.WriteHeader(http.StatusAccepted)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *server) features(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	document, etag := s.document, fmt.Sprintf(`"hash:%d:v1"`, s.seq)
	document.Meta = &eval.Meta{RevisionID: s.seq, ETag: etag}
	s.mu.Unlock()
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("ETag", etag)
	json.NewEncoder(w).Encode(document)
}

// stream hydrates, or says that nothing is new to who has the latest event.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	messages := make(chan string, 100)
	s.mu.Lock()
	delta := eval.Delta{Events: []eval.Event{}}
	if r.Header.Get("Last-Event-ID") != strconv.FormatInt(s.seq, 10) {
		delta.Events = []eval.Event{{Type: eval.Hydration, EventID: s.seq, Features: s.document.Features, Segments: s.document.Segments}}
	}
	messages <- encode("unleash-connected", s.seq, delta)
	s.streams[messages] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, messages)
	}()
	for {
		select {
		case <-r.Context().Done():
			return
		case m, more := <-messages:
			if !more {
				return
			}
			io.WriteString(w, m)
			http.NewResponseController(w).Flush()
		}
	}
}

func encode(event string, id int64, delta eval.Delta) string {
	data, _ := json.Marshal(delta)
	return fmt.Sprintf("event: %s\nid: %d\ndata: %s\n\n", event, id, data)
}

// put changes flags, and tells the streams.
func (s *server) put(flags ...eval.Flag) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range flags {
		s.seq++
		delta := eval.Delta{Events: []eval.Event{{Type: eval.FeatureUpdated, EventID: s.seq, Feature: &f}}}
		s.document, _ = s.document.Apply(delta)
		for stream := range s.streams {
			stream <- encode("unleash-updated", s.seq, delta)
		}
	}
}

// say sends raw text on all streams.
func (s *server) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for stream := range s.streams {
		stream <- text
	}
}

// hangUp ends all streams.
func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for stream := range s.streams {
		close(stream)
		delete(s.streams, stream)
	}
}

// answer replaces what a path answers; nil gives the proper answer back.
func (s *server) answer(path string, handler http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = handler
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// received returns the requests to a path so far.
func (s *server) received(path string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests[path])
}

// waitFor waits until n requests to a path have come.
func (s *server) waitFor(t testing.TB, path string, n int) []request {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		s.mu.Lock()
		got, arrived := slices.Clone(s.requests[path]), s.arrived
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			t.Fatalf("%s: %d requests, want %d", path, len(got), n)
		}
	}
}

// observations returns the lines of evidence that the server took so far.
func (s *server) observations(t testing.TB) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, r := range s.received("/api/v1/evidence") {
		if r.replaced {
			continue
		}
		for lines := bufio.NewScanner(bytes.NewReader(r.body)); lines.Scan(); {
			var o map[string]any
			if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
				t.Fatalf("evidence line %q: %v", lines.Text(), err)
			}
			all = append(all, o)
		}
	}
	return all
}

// report is a usage report as a server reads it.
type report struct {
	AppName    string `json:"appName"`
	InstanceID string `json:"instanceId"`
	Bucket     *struct {
		Start, Stop time.Time
		Toggles     map[string]sdk.Count
	} `json:"bucket"`
	Lockflight struct {
		Applied []sdk.Receipt `json:"applied"`
	} `json:"lockflight"`
}

// reports returns the usage reports that the server took so far.
func (s *server) reports(t testing.TB) []report {
	t.Helper()
	var all []report
	for _, r := range s.received("/api/client/metrics") {
		if r.replaced {
			continue
		}
		var body report
		if err := json.Unmarshal(r.body, &body); err != nil {
			t.Fatalf("metrics body %q: %v", r.body, err)
		}
		all = append(all, body)
	}
	return all
}

// open makes a client of s that sends reports only when told, and closes it
// with the test.
func open(t testing.TB, s *server, change ...func(*sdk.Options)) *sdk.Client {
	t.Helper()
	options := sdk.Options{
		URL: s.URL, Token: backendToken, AppName: "checkout",
		RefreshInterval: 10 * time.Millisecond, MetricsInterval: time.Hour, EvidenceInterval: time.Hour,
	}
	for _, f := range change {
		f(&options)
	}
	c, err := sdk.New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ready waits until c has configuration.
func ready(t testing.TB, c *sdk.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
}

// signal returns a callback, and a function that waits for its next call.
func signal(t testing.TB) (callback, wait func()) {
	calls := make(chan struct{}, 1000)
	return func() { calls <- struct{}{} }, func() {
		t.Helper()
		select {
		case <-calls:
		case <-time.After(20 * time.Second):
			t.Fatal("not called")
		}
	}
}

// serves waits until c serves configuration seq. OnChanged must be wait's.
func serves(t testing.TB, c *sdk.Client, seq int64, wait func()) {
	t.Helper()
	for c.Stats().Seq < seq {
		wait()
	}
}

func on(name string) eval.Flag  { return eval.Flag{Name: name, Enabled: true} }
func off(name string) eval.Flag { return eval.Flag{Name: name} }

// released is a flag behind which a release treats percent of the users.
func released(name, release string, percent int) eval.Flag {
	return eval.Flag{Name: name, Enabled: true, Strategies: []eval.Strategy{{
		Name: "flexibleRollout",
		Parameters: eval.Parameters{
			"rollout": strconv.Itoa(percent), "stickiness": "userId", "groupId": release, "release": release,
		},
		Variants: []eval.WeightedVariant{{Name: "treatment", Weight: 1000, Stickiness: "userId"}},
	}}}
}

// inArm returns a user in an arm of the release of a flag.
func inArm(t testing.TB, f eval.Flag, arm string, skip int) *eval.Context {
	t.Helper()
	set, _ := eval.Compile(eval.Snapshot{Features: []eval.Flag{f}})
	for i := range 100_000 {
		ec := &eval.Context{UserID: fmt.Sprintf("u%d", i)}
		if a, ok := set.Assign(f.Name, ec); ok && a.Arm == arm {
			if skip == 0 {
				return ec
			}
			skip--
		}
	}
	t.Fatalf("no user is in %s of %s", arm, f.Name)
	return nil
}
