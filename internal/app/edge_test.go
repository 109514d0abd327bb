package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk"
)

const frontend = "*:production.frontend"

// startEdge runs an edge until the test or stop ends it.
func startEdge(t *testing.T, o app.EdgeOptions) (e *app.Edge, stop func() error) {
	t.Helper()
	e, err := app.NewEdge(t.Context(), o)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // ends in a cleanup
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { check(t, stop()) })
	return e, stop
}

// until asks again until the answer is as wanted.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
	}
}

func follow(t *testing.T, target, token string) *sdk.Client {
	t.Helper()
	c, err := sdk.New(t.Context(), sdk.Options{URL: target, Token: token, AppName: "shop"})
	check(t, err)
	t.Cleanup(func() { _ = c.Close() }) // where its server is gone, its last report is lost
	check(t, c.WaitReady(t.Context()))
	return c
}

// turn switches a flag on or off at a plane.
func turn(t *testing.T, a *app.App, flag, to string) {
	t.Helper()
	path := "/api/admin/projects/default/features/" + flag + "/environments/production/" + to
	if status, body := send(t, "POST", a.URL()+path, admin, "{}"); status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", flag, to, status, body)
	}
}

func makeFlag(t *testing.T, a *app.App, name string) {
	t.Helper()
	if status, body := send(t, "POST", a.URL()+"/api/admin/projects/default/features", admin, `{"name":"`+name+`"}`); status != http.StatusCreated {
		t.Fatalf("%s: %d %s", name, status, body)
	}
}

// TestEdge follows a change from the plane through an edge to an SDK, and a
// report the other way.
func TestEdge(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.FrontendTokens = []string{frontend}
	plane, _ := start(t, o)
	makeFlag(t, plane, "checkout")
	e, _ := startEdge(t, app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}})
	second, _ := startEdge(t, app.EdgeOptions{Upstream: e.URL(), Tokens: []string{backend}})

	near, far := follow(t, e.URL(), backend), follow(t, second.URL(), backend)
	for _, to := range []string{"on", "off", "on"} {
		turn(t, plane, "checkout", to)
		until(t, "a client of the edge sees it "+to, func() bool { return near.Bool("checkout", nil, to != "on") == (to == "on") })
		until(t, "a client of an edge behind the edge sees it "+to, func() bool { return far.Bool("checkout", nil, to != "on") == (to == "on") })
	}
	_, want := send(t, "GET", plane.URL()+"/api/client/features", backend, "")
	if _, got := send(t, "GET", e.URL()+"/api/client/features", backend, ""); got != want {
		t.Errorf("the edge's document is not the plane's:\n%s\n%s", got, want)
	}
	for path, want := range map[string]string{
		"/api/frontend": `"name":"checkout"`, "/api/v1/freshness": `"environment":"production"`, "/ready": "GOOD", "/health": "GOOD",
		"/metrics": "lockflight_edge_age_seconds",
	} {
		if status, got := send(t, "GET", e.URL()+path, frontend, ""); status != http.StatusOK || !strings.Contains(got, want) {
			t.Errorf("%s: %d %.300s, want %s", path, status, got, want)
		}
	}
	if status, got := send(t, "POST", e.URL()+"/ofrep/v1/evaluate/flags/checkout", frontend, `{"context":{}}`); status != http.StatusOK || !strings.Contains(got, `"value":true`) {
		t.Errorf("OFREP: %d %s", status, got)
	}
	report := `{"appName":"shop","instanceId":"i1","bucket":{"start":"` + now() + `","stop":"` + now() + `","toggles":{"checkout":{"yes":3,"no":1}}},
		"lockflight":{"applied":[{"seq":1,"at":"` + now() + `"}]}}`
	if status, got := send(t, "POST", second.URL()+"/api/client/metrics", backend, report); status != http.StatusAccepted {
		t.Fatalf("metrics: %d %s", status, got)
	}
	until(t, "the plane knows the counts", func() bool {
		_, got := send(t, "GET", plane.URL()+"/api/admin/client-metrics/features/checkout", admin, "")
		return strings.Contains(got, `"yes":3,"no":1`)
	})
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

// TestEdgeTokens shows an edge tokens that it was not started with.
func TestEdgeTokens(t *testing.T) {
	t.Parallel()
	plane, _ := start(t, options(t))
	e, _ := startEdge(t, app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}})
	_, secret, err := plane.Service.CreateToken(t.Context(), control.Setup(), control.Token{
		Name: "dev", Type: control.TokenBackend, Environment: "development", Projects: []string{"default"},
	})
	check(t, err)
	for token, want := range map[string]int{
		secret: http.StatusOK, backend: http.StatusOK, "*:production.made-up": http.StatusUnauthorized, admin: http.StatusForbidden, "": http.StatusUnauthorized,
	} {
		if status, body := send(t, "GET", e.URL()+"/api/client/features", token, ""); status != want {
			t.Errorf("a client with %.14s: %d %s, want %d", token, status, body, want)
		}
	}
	tokens, err := plane.Service.Tokens(t.Context(), control.Setup())
	check(t, err)
	for _, token := range tokens {
		if token.Name == "dev" {
			check(t, plane.Service.RevokeToken(t.Context(), control.Setup(), token.ID))
		}
	}
	begin := time.Now()
	until(t, "the edge refuses a revoked token", func() bool {
		status, _ := send(t, "GET", e.URL()+"/api/client/features", secret, "")
		return status == http.StatusUnauthorized
	})
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("a revoked token counted for %v", took)
	}
}

// TestEdgeCutOff stops the plane, starts the edge again from its backup, and
// then the plane where it was.
func TestEdgeCutOff(t *testing.T) {
	t.Parallel()
	o := options(t)
	plane, stopPlane := start(t, o)
	makeFlag(t, plane, "checkout")
	turn(t, plane, "checkout", "on")
	dir := t.TempDir()
	eo := app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}, Backup: dir}
	e, stopEdge := startEdge(t, eo)
	follow(t, e.URL(), backend)
	_, before := send(t, "GET", e.URL()+"/api/client/features", backend, "")

	check(t, stopPlane())
	if _, got := send(t, "GET", e.URL()+"/api/client/features", backend, ""); got != before {
		t.Errorf("cut off, the edge serves %s, want %s", got, before)
	}
	check(t, stopEdge())
	e, _ = startEdge(t, eo)
	late := follow(t, e.URL(), backend)
	if !late.Bool("checkout", nil, false) {
		t.Error("a client that came while the edge was cut off is served the default")
	}
	if _, got := send(t, "GET", e.URL()+"/api/client/features", backend, ""); got != before {
		t.Errorf("from its backup the edge serves %s, want %s", got, before)
	}
	if status, body := send(t, "GET", e.URL()+"/api/client/features", "*:production.new", ""); status != http.StatusServiceUnavailable {
		t.Errorf("a token that is new while cut off: %d %s, want 503", status, body)
	}

	o.Listen = strings.TrimPrefix(plane.URL(), "http://")
	plane, _ = start(t, o)
	turn(t, plane, "checkout", "off")
	begin := time.Now()
	until(t, "the client sees what changed", func() bool { return !late.Bool("checkout", nil, true) })
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v to converge", took)
	}
}

// TestEdgeBackupRefused starts from files that are none of this upstream's, or
// not whole, or not where they belong.
func TestEdgeBackupRefused(t *testing.T) {
	t.Parallel()
	plane, stopPlane := start(t, options(t))
	good := t.TempDir()
	e, stopEdge := startEdge(t, app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}, Backup: good})
	follow(t, e.URL(), backend)
	check(t, stopEdge())
	check(t, stopPlane())
	files, err := filepath.Glob(filepath.Join(good, "scope-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the backup has %v, %v", files, err)
	}
	raw, err := os.ReadFile(files[0])
	check(t, err)
	if strings.Contains(string(raw), backend) {
		t.Error("the backup holds a secret")
	}
	var foreign map[string]any
	check(t, json.Unmarshal(raw, &foreign))
	foreign["upstream"] = "http://elsewhere"
	other, err := json.Marshal(foreign)
	check(t, err)
	for name, file := range map[string][2]string{
		"cut short":           {filepath.Base(files[0]), string(raw[:len(raw)/2])},
		"of another upstream": {filepath.Base(files[0]), string(other)},
		"of another scope":    {"scope-0011223344556677.json", string(raw)},
		"empty":               {filepath.Base(files[0]), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			check(t, os.WriteFile(filepath.Join(dir, file[0]), []byte(file[1]), 0o600))
			e, _ := startEdge(t, app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}, Backup: dir})
			if status, body := send(t, "GET", e.URL()+"/ready", "", ""); status != http.StatusServiceUnavailable {
				t.Errorf("/ready: %d %s, want 503", status, body)
			}
			if _, body := send(t, "GET", e.URL()+"/metrics", "", ""); !strings.Contains(body, `lockflight_edge_refused_total{reason="backup"} 1`) {
				t.Error("the refusal is not counted")
			}
		})
	}
}

// TestEdgeTrust believes the plane whose key an edge was given, and no other.
func TestEdgeTrust(t *testing.T) {
	t.Parallel()
	o, others := options(t), options(t)
	plane, _ := start(t, o)
	start(t, others)
	makeFlag(t, plane, "checkout")
	key := func(dir string) string {
		text, err := os.ReadFile(filepath.Join(dir, "signing.key.pub"))
		check(t, err)
		return strings.TrimSpace(string(text))
	}
	good, _ := startEdge(t, app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}, Trust: []string{key(o.DataDir)}})
	wary, _ := startEdge(t, app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}, Trust: []string{key(others.DataDir)}})

	c := follow(t, good.URL(), backend)
	for _, to := range []string{"on", "off", "on"} {
		turn(t, plane, "checkout", to)
		until(t, "a client sees it "+to, func() bool { return c.Bool("checkout", nil, to != "on") == (to == "on") })
	}
	until(t, "what another key has signed is refused", func() bool {
		_, got := send(t, "GET", wary.URL()+"/metrics", "", "")
		return strings.Contains(got, `lockflight_edge_refused_total{reason="forged"}`)
	})
	if status, _ := send(t, "GET", wary.URL()+"/ready", "", ""); status != http.StatusServiceUnavailable {
		t.Errorf("an edge without anything that it may believe is ready: %d", status)
	}
	r := request(t, "GET", plane.URL()+"/api/client/features", backend, "")
	r.Header.Set("Unleash-Client-Spec", "5.2.0")
	resp, err := http.DefaultClient.Do(r)
	check(t, err)
	defer resp.Body.Close()
	if resp.Header.Get("Lockflight-Signature") == "" || resp.Header.Get("Lockflight-Key") != key(o.DataDir) {
		t.Errorf("the document's headers: %v", resp.Header)
	}
}

// TestEdgeEvidence sends evidence to an edge: the plane's answer comes back, an
// error too, and nothing is acknowledged that the plane does not have.
func TestEdgeEvidence(t *testing.T) {
	t.Parallel()
	plane, stopPlane := start(t, options(t))
	makeFlag(t, plane, "checkout")
	first, _ := startEdge(t, app.EdgeOptions{Upstream: plane.URL(), Tokens: []string{backend}})
	e, _ := startEdge(t, app.EdgeOptions{Upstream: first.URL(), Tokens: []string{backend}})
	const release = `{"flag":"checkout","environment":"production","build":"b2","control":"b1","plan":{"apiVersion":"lockflight/v1","kind":"GatePolicy",
		"metadata":{"name":"p"},"signals":[{"name":"task_success_rate","weight":1}],"steps":[{"percent":50},{"percent":100,"final":true}]}}`
	if status, body := send(t, "POST", plane.URL()+"/api/v1/releases", admin, release); status != http.StatusCreated {
		t.Fatalf("the release: %d %s", status, body)
	}
	var good strings.Builder // one of the two, whatever the unit's arm is
	for arm, build := range map[string]string{"treatment": "b2", "control": "b1"} {
		fmt.Fprintf(&good, `{"at":%q,"environment":"production","flag":"checkout","arm":%q,"unit":"u1","build":%q,"signal":"exposure","id":%q}`+"\n",
			time.Now().UTC().Format(time.RFC3339Nano), arm, build, arm)
	}
	ask := func(at, path, token, contentType, body string) (int, string, http.Header) {
		r := request(t, "POST", at+path, token, body)
		r.Header.Set("Content-Type", contentType)
		resp, err := http.DefaultClient.Do(r)
		check(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		check(t, err)
		return resp.StatusCode, string(text), resp.Header
	}
	const ndjson, asJSON = "application/x-ndjson", "application/json"
	for _, tt := range []struct{ name, path, token, contentType, body string }{
		{"a good.String() line", "/api/v1/evidence", backend, ndjson, good.String()},
		{"a repeated one, and one that is wrong", "/api/v1/evidence", backend, ndjson, good.String() + "{}\n"},
		{"no good.String() line", "/api/v1/evidence", backend, ndjson, "{}\n"},
		{"another's token", "/api/v1/evidence", "*:production.made-up", ndjson, good.String()},
		{"OTLP", "/v1/traces", backend, asJSON, `{"resourceSpans":[]}`},
		{"OTLP that is none", "/v1/logs", backend, asJSON, `{`},
	} {
		wantStatus, want, _ := ask(plane.URL(), tt.path, tt.token, tt.contentType, tt.body)
		if status, got, _ := ask(e.URL(), tt.path, tt.token, tt.contentType, tt.body); status != wantStatus || got != want {
			t.Errorf("%s: the edge answers %d %s, and the plane %d %s", tt.name, status, got, wantStatus, want)
		}
	}
	if _, got := send(t, "GET", e.URL()+"/metrics", "", ""); !strings.Contains(got, `lockflight_edge_evidence_total{answer="202"} 2`) {
		t.Errorf("what was accepted is not counted:\n%s", got)
	}
	check(t, stopPlane())
	if status, got, header := ask(e.URL(), "/api/v1/evidence", backend, ndjson, good.String()); status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("cut off, the edge answers %d %s %v", status, got, header)
	}
}
