package ofrep_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi/ofrep"
	"github.com/lockflight/lockflight/internal/store"
)

const (
	admin    = "*:*.admin"
	backend  = "*:development.backend"
	frontend = "*:development.frontend"
)

// flags have a boolean, one of each type of payload, and the ways in which a
// flag has none.
const flags = `{"flags":[
 {"name":"plain","environments":{"development":{"enabled":true,"strategies":[{"name":"default"}]}}},
 {"name":"off","environments":{"development":{"enabled":false,"strategies":[{"name":"default"}]}}},
 {"name":"for-u1","environments":{"development":{"enabled":true,"strategies":[{"name":"default","constraints":[{"contextName":"userId","operator":"IN","values":["u1"]}]}]}}},
 {"name":"tiered","environments":{"development":{"enabled":true,"strategies":[{"name":"default","constraints":[{"contextName":"tier","operator":"NUM_GT","value":"2"}]}]}}},
 {"name":"half","environments":{"development":{"enabled":true,"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"50","stickiness":"userId","groupId":"half"}}]}}},
 {"name":"text","environments":{"development":{"enabled":true,"strategies":[{"name":"default"}],"variants":[{"name":"v","weight":1000,"payload":{"type":"string","value":"a\"b"}}]}}},
 {"name":"number","environments":{"development":{"enabled":true,"strategies":[{"name":"default"}],"variants":[{"name":"v","weight":1000,"payload":{"type":"number","value":"-1.5"}}]}}},
 {"name":"object","environments":{"development":{"enabled":true,"strategies":[{"name":"default"}],"variants":[{"name":"v","weight":1000,"payload":{"type":"json","value":"{ \"a\": [1] }"}}]}}},
 {"name":"named","environments":{"development":{"enabled":true,"strategies":[{"name":"default"}],"variants":[{"name":"v","weight":1000}]}}},
 {"name":"text-off","environments":{"development":{"enabled":false,"strategies":[{"name":"default"}],"variants":[{"name":"v","weight":1000,"payload":{"type":"string","value":"x"}}]}}}
]}`

// answers are what u1 of tier 3 is told, by the protocol's schemas.
const answers = `[
 {"key":"for-u1","value":true,"variant":"on","reason":"TARGETING_MATCH"},
 {"key":"half","value":false,"variant":"off","reason":"SPLIT"},
 {"key":"named","value":true,"variant":"v","reason":"STATIC"},
 {"key":"number","value":-1.5,"variant":"v","reason":"STATIC"},
 {"key":"object","value":{"a":[1]},"variant":"v","reason":"STATIC"},
 {"key":"off","value":false,"variant":"off","reason":"DISABLED"},
 {"key":"plain","value":true,"variant":"on","reason":"STATIC"},
 {"key":"text","value":"a\"b","variant":"v","reason":"STATIC"},
 {"key":"text-off","reason":"DISABLED"},
 {"key":"tiered","value":true,"variant":"on","reason":"TARGETING_MATCH"}
]`

const subject = `{"context":{"targetingKey":"u1","tier":3,"nothing":null,"nested":{"a":1}}}`

type plane struct {
	service *control.Service
	hub     *feed.Hub
	server  *httptest.Server
}

func newPlane(t testing.TB) *plane {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := &plane{service: control.New(control.Options{Store: db, Origin: "test", Version: "test", Logger: quiet})}
	p.hub = feed.New(p.service, db.Changed, quiet)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.hub.Run(ctx) }()
	mux := http.NewServeMux()
	ofrep.New(ofrep.Options{Auth: p.service, Feed: p.hub, Logger: quiet, Origins: []string{"https://shop.example"}}).Register(mux)
	p.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if err := p.service.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	for secret, typ := range map[string]control.TokenType{admin: control.TokenAdmin, backend: control.TokenBackend, frontend: control.TokenFrontend} {
		if _, err := p.service.AddToken(t.Context(), control.Setup(), typ, secret); err != nil {
			t.Fatal(err)
		}
	}
	p.apply(t, flags)
	return p
}

func (p *plane) apply(t testing.TB, configuration string) {
	t.Helper()
	var in control.Configuration
	if err := json.Unmarshal([]byte(configuration), &in); err != nil {
		t.Fatal(err)
	}
	if _, err := p.service.ApplyConfiguration(t.Context(), control.Setup(), in, ""); err != nil {
		t.Fatal(err)
	}
	if err := p.hub.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// answer is a response whose body was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request and returns its answer, with the body read.
func (p *plane) do(t testing.TB, method, path, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := p.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(raw)}
}

const bulk = "/ofrep/v1/evaluate/flags"

func TestBulk(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	first := p.do(t, "POST", bulk, subject, "Authorization", "Bearer "+frontend)
	var got struct {
		Flags    []map[string]any
		Metadata map[string]any
	}
	if err := json.Unmarshal([]byte(first.body), &got); err != nil || first.status != http.StatusOK {
		t.Fatalf("%d: %v in %s", first.status, err, first.body)
	}
	var want []map[string]any
	if err := json.Unmarshal([]byte(answers), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Flags); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
	if got.Metadata["flagSetId"] != "development" || got.Metadata["version"] == "" {
		t.Errorf("metadata = %v", got.Metadata)
	}

	// The tag depends on the answers, so on version and context.
	tag := first.header.Get("ETag")
	ask := func(body string) int {
		return p.do(t, "POST", bulk, body, "X-API-Key", backend, "If-None-Match", tag).status
	}
	if got := ask(subject); got != http.StatusNotModified {
		t.Errorf("the same again: %d, want 304", got)
	}
	if got := ask(`{"context":{"targetingKey":"u2"}}`); got != http.StatusOK {
		t.Errorf("for another: %d, want 200", got)
	}
	p.apply(t, strings.Replace(flags, `"name":"off","environments":{"development":{"enabled":false`, `"name":"off","environments":{"development":{"enabled":true`, 1))
	if got := ask(subject); got != http.StatusOK {
		t.Errorf("after a change: %d, want 200", got)
	}
}

func TestOne(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	for _, tc := range []struct {
		name, key, body string
		header          []string
		status          int
		want            string
	}{
		{"a match", "for-u1", subject, nil, 200, `{"key":"for-u1","value":true,"variant":"on","reason":"TARGETING_MATCH"}`},
		{"no match", "for-u1", `{"context":{"userId":"u2"}}`, nil, 200, `{"key":"for-u1","value":false,"variant":"off","reason":"DEFAULT"}`},
		{"no context", "plain", `{}`, nil, 200, `{"key":"plain","value":true,"variant":"on","reason":"STATIC"}`},
		{"an unknown flag", "gone", subject, nil, 404, `{"key":"gone","errorCode":"FLAG_NOT_FOUND","errorDetails":"there is no flag \"gone\" in what this token may read"}`},
		{"no JSON", "plain", `context`, nil, 400, `"errorCode":"PARSE_ERROR"`},
		{"half a context", "plain", `{"context":`, nil, 400, `"errorCode":"INVALID_CONTEXT"`},
		{"a context that is none", "plain", `{"context":[]}`, nil, 400, `"errorCode":"INVALID_CONTEXT"`},
		{"a time that is none", "plain", `{"context":{"currentTime":"now"}}`, nil, 400, `context.currentTime: must be an RFC 3339 time`},
		{"another media type", "plain", subject, []string{"Content-Type", "text/plain"}, 400, `"errorCode":"PARSE_ERROR"`},
		{"no token", "plain", subject, []string{"Authorization", ""}, 401, `"errorDetails":"send an API token`},
		{"a wrong token", "plain", subject, []string{"Authorization", "*:development.x"}, 401, `"errorDetails"`},
		{"an admin's token", "plain", subject, []string{"Authorization", admin}, 403, `use a frontend or backend token`},
	} {
		header := append([]string{"Content-Type", "application/json", "Authorization", backend}, tc.header...)
		got := p.do(t, "POST", bulk+"/"+tc.key, tc.body, header...)
		if got.status != tc.status || !strings.Contains(got.body, tc.want) {
			t.Errorf("%s: %d %s, want %d and %s", tc.name, got.status, got.body, tc.status, tc.want)
		}
	}
	if got := p.do(t, "GET", bulk, ""); got.status != http.StatusNotFound || !strings.Contains(got.body, `"errorCode":"GENERAL"`) {
		t.Errorf("GET: %d %s", got.status, got.body)
	}
}

// TestStream follows the stream that an answer names: an event at the start,
// one for a change, none where the client has all, and none without the key.
func TestStream(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	address := func() string {
		body := p.do(t, "POST", bulk, subject, "Authorization", frontend).body
		var got struct {
			EventStreams []struct {
				Type     string
				Endpoint struct{ RequestURI string }
			}
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.EventStreams) != 1 || got.EventStreams[0].Type != "sse" {
			t.Fatalf("event streams of %s: %v", body, err)
		}
		return got.EventStreams[0].Endpoint.RequestURI
	}
	at := address()
	if again := address(); again != at {
		t.Errorf("the stream moved from %s to %s: a provider would connect anew", at, again)
	}
	if strings.Contains(at, "frontend") {
		t.Errorf("%s shows the token", at)
	}

	events, id := p.listen(t, at, ""), ""
	next := func() string {
		line := <-events
		if rest, ok := strings.CutPrefix(line, "id: "); ok {
			id, line = rest, <-events
		}
		if line != "event: message" {
			t.Fatalf("line %q, want the event's name", line)
		}
		return <-events
	}
	if got, want := next(), `data: {"type":"refetchEvaluation","etag":"\"`+id+`\""}`; got != want {
		t.Errorf("at the start: %s, want %s", got, want)
	}
	before := id
	p.apply(t, strings.Replace(flags, `"tier","operator":"NUM_GT","value":"2"`, `"tier","operator":"NUM_GT","value":"9"`, 1))
	if next(); id == before {
		t.Errorf("the change has the id %s of what was there before", id)
	}
	// Who has all of it hears of the next change, and of nothing before.
	behind := p.listen(t, at, id)
	p.apply(t, flags)
	if line := <-behind; line == "id: "+id || !strings.HasPrefix(line, "id: ") {
		t.Errorf("first line %q, want a later id than %s", line, id)
	}

	for _, bad := range []string{"", "?channel=", "?channel=AAAA", strings.TrimPrefix(at, "/ofrep/v1/events") + "A"} {
		if got := p.do(t, "GET", "/ofrep/v1/events"+bad, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%q: %d, want 401", bad, got.status)
		}
	}
}

// listen returns the lines of a stream that say something.
func (p *plane) listen(t testing.TB, path, last string) <-chan string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := p.server.Client().Do(req) //nolint:bodyclose // the reader below closes it
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s", path, resp.Status)
	}
	lines := make(chan string, 100)
	go func() {
		defer resp.Body.Close()
		for in := bufio.NewScanner(resp.Body); in.Scan(); {
			if in.Text() != "" {
				lines <- in.Text()
			}
		}
		close(lines)
	}()
	return lines
}

// TestOrigins (AS-08) sees that only pages of the allowed origins may read answers.
func TestOrigins(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://other.example": ""} {
		asked := p.do(t, "OPTIONS", bulk, "", "Origin", origin, "Access-Control-Request-Headers", "authorization")
		if got := asked.header.Get("Access-Control-Allow-Origin"); got != want || asked.status != http.StatusNoContent {
			t.Errorf("%s: %d allows %q, want %q", origin, asked.status, got, want)
		}
	}
}
