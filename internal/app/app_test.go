package app_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a plane until the test or stop ends it.
func start(t *testing.T, o app.Options) (a *app.App, stop func() error) {
	t.Helper()
	a, err := app.New(t.Context(), o)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // ends in a cleanup
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { check(t, stop()) })
	return a, stop
}

const (
	admin   = "*:*.admin"
	backend = "*:production.backend"
)

func options(t *testing.T) app.Options {
	return app.Options{DataDir: t.TempDir(), Version: "test", AdminTokens: []string{admin}, BackendTokens: []string{backend}}
}

func request(t *testing.T, method, target, token, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	check(t, err)
	r.Header.Set("Authorization", token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// send returns the status and the body of an answer.
func send(t *testing.T, method, target, token, body string) (int, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(request(t, method, target, token, body))
	check(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	return resp.StatusCode, string(text)
}

// TestServes asks each room for something.
func TestServes(t *testing.T) {
	t.Parallel()
	a, _ := start(t, options(t))
	for path, want := range map[string]string{
		"/": "Lockflight test", "/health": "GOOD", "/metrics": "go_goroutines", "/api/v1/openapi.json": `"openapi": "3.1.0"`,
		"/api/v1/flags": `"flags":[]`, "/api/admin/projects": `"default"`,
	} {
		if status, got := send(t, "GET", a.URL()+path, admin, ""); status != http.StatusOK || !strings.Contains(got, want) {
			t.Errorf("%s: %d %.200s, want %s", path, status, got, want)
		}
	}
	if a.SetupURL() != "" {
		t.Errorf("with an admin token there is a set-up link: %s", a.SetupURL())
	}
}

// TestFrontendOrigins (AS-08) names to a page of another site no origin.
func TestFrontendOrigins(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.FrontendOrigins = []string{"https://shop.example"}
	a, _ := start(t, o)
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://evil.example": ""} {
		r := request(t, "GET", a.URL()+"/api/frontend", "", "")
		r.Header.Set("Origin", origin)
		resp, err := http.DefaultClient.Do(r)
		check(t, err)
		resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s is told of %q, want %q", origin, got, want)
		}
	}
}

// TestShutdown stops a plane with a stream and a waiting request open: both
// end well within the grace, and what was written is signed for.
func TestShutdown(t *testing.T) {
	t.Parallel()
	o := options(t)
	a, stop := start(t, o)
	stream, err := http.DefaultClient.Do(request(t, "GET", a.URL()+"/api/client/streaming", backend, ""))
	check(t, err)
	defer stream.Body.Close()
	if _, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil {
		t.Fatalf("the stream: %v", err)
	}
	send(t, "POST", a.URL()+"/api/v1/flags", admin, `{"name":"agent"}`)
	begin := time.Now()
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("stopped after %v", took)
	}
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Logf("the stream was cut: %v", err) // its end, or the connection's: both are the client's to bear
	}
	db, err := store.Open(t.Context(), store.Options{Dir: o.DataDir, ReadOnly: true})
	check(t, err)
	defer db.Close()
	key, err := os.ReadFile(filepath.Join(o.DataDir, "signing.key.pub"))
	check(t, err)
	keys, err := audit.Verifiers(strings.TrimSpace(string(key)))
	check(t, err)
	check(t, db.ViewLog(t.Context(), func(log audit.FollowedLog) error {
		r, err := audit.Verify(log, audit.Options{Keys: keys})
		if !r.OK() || r.Checkpoint.Size != r.Size {
			t.Errorf("left behind: %v, signed over %d of %d", r.Findings, r.Checkpoint.Size, r.Size)
		}
		return err
	}))
}

// TestSameStart starts again on the same data: nothing changes.
func TestSameStart(t *testing.T) {
	t.Parallel()
	o := options(t)
	var sizes []int64
	for range 3 {
		a, stop := start(t, o)
		events, err := a.Service.Events(t.Context(), control.Setup(), 0, 1000)
		check(t, err)
		sizes = append(sizes, int64(len(events)))
		check(t, stop())
	}
	if sizes[0] == 0 || sizes[1] != sizes[0] || sizes[2] != sizes[0] {
		t.Errorf("the log had %v events after each start", sizes)
	}
}

// TestNewFails returns what is wrong, and leaves nothing open: the next start
// on the same data succeeds.
func TestNewFails(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	for name, tc := range map[string]struct {
		change func(*app.Options)
		want   string
	}{
		"the port is taken":   {func(o *app.Options) { o.Listen = taken.Addr().String() }, "address already in use"},
		"a token is none":     {func(o *app.Options) { o.BackendTokens = []string{"secret"} }, "initial backend token"},
		"its project is none": {func(o *app.Options) { o.BackendTokens = []string{"red:production.x"} }, `no project "red"`},
		"the key is none": {func(o *app.Options) {
			o.SigningKey = filepath.Join(o.DataDir, "other.key")
			check(t, os.WriteFile(o.SigningKey, []byte("nonsense\n"), 0o600))
		}, "other.key"},
		"the data is a file": {func(o *app.Options) {
			o.DataDir = filepath.Join(o.DataDir, "file")
			check(t, os.WriteFile(o.DataDir, nil, 0o600))
		}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			good := o
			tc.change(&o)
			a, err := app.New(t.Context(), o)
			if a != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New = %v, %v, want %s", a, err, tc.want)
			}
			start(t, good)
		})
	}
}

// TestOneKey starts servers at once on one key file: they sign with the same.
func TestOneKey(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "keys", "signing.key")
	origins := make([]string, 8)
	var all sync.WaitGroup
	for i := range origins {
		o := options(t)
		o.SigningKey = key
		all.Go(func() {
			a, stop := start(t, o)
			origins[i] = a.Service.Origin()
			check(t, stop())
		})
	}
	all.Wait()
	for _, origin := range origins {
		if origin == "" || origin != origins[0] {
			t.Fatalf("origins %v", origins)
		}
	}
	public, err := os.ReadFile(key + ".pub")
	check(t, err)
	if !strings.HasPrefix(string(public), origins[0]+"+") {
		t.Errorf("verifier key %s of origin %s", public, origins[0])
	}
	info, err := os.Stat(key)
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v", info.Mode())
	}
	left, err := os.ReadDir(filepath.Dir(key))
	check(t, err)
	if len(left) != 4 {
		t.Errorf("%d files beside the key, want it, its public half, the sealing key and the last checkpoint", len(left))
	}
}

// TestSetup makes the first admin token by the link, once.
func TestSetup(t *testing.T) {
	t.Parallel()
	a, _ := start(t, app.Options{DataDir: t.TempDir()})
	link, err := url.Parse(a.SetupURL())
	check(t, err)
	page := a.URL() + link.Path
	form := func(code string) (int, string) { return send(t, "POST", page, "", url.Values{"code": {code}}.Encode()) }
	for _, wrong := range []string{"", "x"} {
		if status, _ := form(wrong); status != http.StatusForbidden {
			t.Errorf("code %q: %d", wrong, status)
		}
	}
	if status, _ := send(t, "GET", page+"?code=x", "", ""); status != http.StatusForbidden {
		t.Errorf("a wrong link: %d", status)
	}
	if _, got := send(t, "GET", a.SetupURL(), "", ""); !strings.Contains(got, "Make the admin token") {
		t.Errorf("the page: %s", got)
	}
	code := link.Query().Get("code")
	status, text := form(code)
	secret := regexp.MustCompile(`\*:\*\.[0-9a-f]{56}`).FindString(text)
	if status != http.StatusOK || secret == "" {
		t.Fatalf("%d %s", status, text)
	}
	if _, _, err := a.Service.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("the token: %v", err)
	}
	if status, _ := form(code); status != http.StatusForbidden || a.SetupURL() != "" {
		t.Errorf("the link works twice: %d", status)
	}
}

// TestEndsAtOnce runs with a context that has ended: nothing is left open.
func TestEndsAtOnce(t *testing.T) {
	t.Parallel()
	a, err := app.New(t.Context(), options(t))
	check(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, a.Run(ended))
	if resp, err := http.DefaultClient.Do(request(t, "GET", a.URL(), "", "")); err == nil {
		_ = resp.Body.Close()
		t.Error("it serves on after its end")
	}
}
