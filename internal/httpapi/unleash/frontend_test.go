package unleash_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi/unleash"
	"github.com/lockflight/lockflight/sdk/eval"
)

// withStrategy makes a flag with one strategy that is on in development.
func (p *plane) withStrategy(t testing.TB, name, strategy string) {
	t.Helper()
	feature := "/api/admin/projects/default/features"
	p.want(t, http.StatusCreated, "POST", feature, admin, `{"name":"`+name+`"}`)
	env := feature + "/" + name + "/environments/development"
	p.want(t, http.StatusOK, "POST", env+"/strategies", admin, strategy)
	p.want(t, http.StatusOK, "POST", env+"/on", admin, "")
}

// when is a strategy for the contexts whose field has a value.
func when(field, value string) string {
	return fmt.Sprintf(`{"name":"default","constraints":[{"contextName":%q,"operator":"IN","values":[%q]}]}`, field, value)
}

// on returns the names of the flags in an answer of the frontend API.
func on(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	var got struct {
		Toggles []struct {
			Name    string
			Enabled bool
			Variant eval.Variant
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	names := []string{}
	for _, toggle := range got.Toggles {
		if !toggle.Enabled || !toggle.Variant.FeatureEnabled {
			t.Errorf("%s is listed, and off", toggle.Name)
		}
		names = append(names, toggle.Name)
	}
	return names
}

// TestFrontendContext reads the same context from everywhere that it may be.
func TestFrontendContext(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	for _, field := range []string{"userId", "sessionId", "remoteAddress", "appName", "plan", "a b"} {
		p.withStrategy(t, fmt.Sprintf("by-%c%d", field[0], len(field)), when(field, "x"))
	}
	p.withStrategy(t, "here", when("environment", "development"))
	p.withStrategy(t, "mail", when("mail", "u+1@example.com"))
	p.withStrategy(t, "session", `{"name":"flexibleRollout","parameters":{"stickiness":"sessionId"}}`)
	p.withStrategy(t, "number", when("n", "5.25"))
	p.withStrategy(t, "bool", when("b", "false"))
	p.withStrategy(t, "client", when("remoteAddress", "192.0.2.1"))
	p.withStrategy(t, "later", `{"name":"default","constraints":[{"contextName":"currentTime","operator":"DATE_AFTER","value":"2030-01-01T00:00:00Z"}]}`)

	get := func(query string) func(*testing.T) *httptest.ResponseRecorder {
		return func(t *testing.T) *httptest.ResponseRecorder {
			return p.do(t, "GET", "/api/frontend"+query, frontend, "")
		}
	}
	post := func(body string) func(*testing.T) *httptest.ResponseRecorder {
		return func(t *testing.T) *httptest.ResponseRecorder {
			return p.do(t, "POST", "/api/frontend", frontend, body)
		}
	}
	tests := []struct {
		name string
		send func(*testing.T) *httptest.ResponseRecorder
		want []string
	}{
		{"none", get(""), []string{"client", "here", "session"}},
		{"empty values", get("?userId=&plan=&properties%5Bmail%5D="), []string{"client", "here", "session"}},
		{"user", get("?userId=x"), []string{"by-u6", "client", "here", "session"}},
		{"session", get("?sessionId=x"), []string{"by-s9", "client", "here", "session"}},
		{"address", get("?remoteAddress=x"), []string{"by-r13", "here", "session"}},
		{"application", get("?appName=x"), []string{"by-a7", "client", "here", "session"}},
		{"another environment", get("?environment=production"), []string{"client", "here", "session"}},
		{"property", get("?properties%5Bplan%5D=x"), []string{"by-p4", "client", "here", "session"}},
		{"property by its name alone", get("?plan=x"), []string{"by-p4", "client", "here", "session"}},
		{"property before the name alone", get("?plan=y&properties%5Bplan%5D=x"), []string{"by-p4", "client", "here", "session"}},
		{"first of two", get("?plan=x&plan=y"), []string{"by-p4", "client", "here", "session"}},
		{"escapes", get("?properties%5Ba%20b%5D=x&properties[mail]=u%2B1%40example.com"), []string{"by-a3", "client", "here", "mail", "session"}},
		{"property that is no field", get("?properties%5BuserId%5D=x"), []string{"client", "here", "session"}},
		{"unclosed property", get("?properties%5Bplan=x"), []string{"client", "here", "session"}},
		{"time", get("?currentTime=2031-01-01T00:00:00.000Z"), []string{"client", "here", "later", "session"}},
		{"milliseconds", get("?currentTime=1924995600000"), []string{"client", "here", "later", "session"}},
		{"post", post(`{"context":{"userId":"x","environment":"production","properties":{"plan":"x","n":5.25,"b":false,"mail":null}}}`), []string{"bool", "by-p4", "by-u6", "client", "here", "number", "session"}},
		{"post flat", post(`{"userId":"x","n":5.25,"context":null,"properties":{"plan":"x"}}`), []string{"by-p4", "by-u6", "client", "here", "number", "session"}},
		{"post time", post(`{"context":{"currentTime":1924995600000,"properties":null}}`), []string{"client", "here", "later", "session"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, on(t, tt.send(t))); diff != "" {
				t.Errorf("on (-want +got):\n%s", diff)
			}
		})
	}
	w := p.want(t, http.StatusBadRequest, "GET", "/api/frontend?currentTime=noon", frontend, "")
	var got struct{ Details []struct{ Path string } }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Details) == 0 || got.Details[0].Path != "currentTime" {
		t.Errorf("a time that is none: %s", w.Body)
	}
}

// TestFrontendSession keeps a rollout by session random where the client sends
// none, as Unleash does, and fixed where it does.
func TestFrontendSession(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withStrategy(t, "half", `{"name":"flexibleRollout","parameters":{"rollout":"50","stickiness":"sessionId"}}`)
	seen := func(query string) map[int]int {
		counts := map[int]int{}
		for range 60 {
			counts[len(on(t, p.do(t, "GET", "/api/frontend"+query, frontend, "")))]++
		}
		return counts
	}
	if got := seen(""); got[0] == 0 || got[1] == 0 {
		t.Errorf("without a session, on and off = %v, want both", got)
	}
	if got := seen("?sessionId=s"); got[0] > 0 && got[1] > 0 {
		t.Errorf("with a session, on and off = %v, want one of them", got)
	}
}

// TestFrontendScope shows a token the flags of its own projects alone.
func TestFrontendScope(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	p.withFlag(t, "blue", "b")
	const onlyBlue = "blue:development.page"
	if _, err := p.service.AddToken(t.Context(), control.Setup(), control.TokenFrontend, onlyBlue); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b"}, on(t, p.do(t, "GET", "/api/frontend", onlyBlue, ""))); diff != "" {
		t.Errorf("on (-want +got):\n%s", diff)
	}
	p.want(t, http.StatusNotFound, "GET", "/api/frontend/features/f", onlyBlue, "")
	p.want(t, http.StatusOK, "POST", "/api/frontend/client/metrics", onlyBlue,
		`{"appName":"web","bucket":{"start":"2026-11-22T09:00:00Z","stop":"2026-11-22T09:59:00Z","toggles":{"b":{"yes":2,"no":0},"f":{"yes":9,"no":0}}}}`)
	p.flush(t)
	for flag, want := range map[string]int{"b": 1, "f": 0} {
		if usage, err := p.store.Usage(t.Context(), flag, today.AddDate(0, 0, -1)); err != nil || len(usage) != want {
			t.Errorf("usage of %s = %v, %v, want %d rows", flag, usage, err, want)
		}
	}
}

// TestFrontendUnchanged answers 304 to who has the answer, with the headers
// that a browser needs to let the page see it.
func TestFrontendUnchanged(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	const path = "/api/frontend?userId=u"
	etag := p.do(t, "GET", path, frontend, "").Header().Get("ETag")
	w := p.do(t, "GET", path, frontend, "", "If-None-Match", etag, "Origin", "https://shop.example")
	want := http.Header{
		"Access-Control-Allow-Credentials": {"true"}, "Access-Control-Allow-Origin": {"*"},
		"Access-Control-Expose-Headers": {"ETag"}, "Cache-Control": {"no-cache"}, "Etag": {etag}, "Vary": {"Origin"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" || w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("%d %s (-want +got):\n%s", w.Code, w.Body, diff)
	}
	// What changes elsewhere leaves the answer as it is.
	p.want(t, http.StatusCreated, "POST", "/api/admin/projects/default/features", admin, `{"name":"off"}`)
	if w := p.do(t, "GET", path, frontend, "", "If-None-Match", etag); w.Code != http.StatusNotModified {
		t.Errorf("after another flag was made: %d, want 304", w.Code)
	}
	if w := p.do(t, "POST", "/api/frontend", frontend, `{"userId":"u"}`, "If-None-Match", etag); w.Code != http.StatusOK {
		t.Errorf("POST: %d, want 200", w.Code)
	}
	p.want(t, http.StatusOK, "POST", "/api/admin/projects/default/features/f/environments/development/off", admin, "")
	if w := p.do(t, "GET", path, frontend, "", "If-None-Match", etag); w.Code != http.StatusOK {
		t.Errorf("after the flag was switched off: %d, want 200", w.Code)
	}
}

// TestFrontendOrigins (AS-08) names no origin to a page that is not of an allowed one.
func TestFrontendOrigins(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.mux = http.NewServeMux()
	unleash.New(unleash.Options{
		Service: p.service, Hub: p.hub, Usage: p.store, Origins: []string{"https://shop.example"},
	}).Register(p.mux)
	for origin, want := range map[string]string{
		"https://shop.example": "https://shop.example", "https://evil.example": "", "null": "", "": "",
	} {
		for _, method := range []string{http.MethodGet, http.MethodOptions} {
			w := p.do(t, method, "/api/frontend", frontend, "", "Origin", origin)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || w.Header().Get("Vary") == "" {
				t.Errorf("%s from %q: allowed %q, want %q; Vary %q", method, origin, got, want, w.Header().Get("Vary"))
			}
		}
	}
}
