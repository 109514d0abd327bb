package unleash_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi/unleash"
	"github.com/lockflight/lockflight/internal/signin"
	"github.com/lockflight/lockflight/internal/store"
)

// The tokens of every plane.
const (
	admin    = "*:*.admin"
	backend  = "*:development.backend"
	onlyBlue = "blue:development.blue"
	frontend = "*:development.frontend"
)

// today is the time of every plane's clock.
var today = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// plane is the API over a real service on a real store.
type plane struct {
	service *control.Service
	people  *signin.Service
	store   *store.DB
	hub     *feed.Hub
	api     *unleash.API
	mux     *http.ServeMux
}

func newPlane(t testing.TB) *plane {
	t.Helper()
	return planeOn(t, t.TempDir())
}

func planeOn(t testing.TB, dir string) *plane {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	now := func() time.Time { return today }
	db, err := store.Open(t.Context(), store.Options{Dir: dir, Logger: quiet, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := &plane{store: db, mux: http.NewServeMux()}
	p.service = control.New(control.Options{Store: db, Usage: db, Now: now, Origin: "test", Version: "test", Logger: quiet})
	p.hub = feed.New(p.service, db.Changed, quiet)
	p.people = signin.New(signin.Options{Control: p.service, Cost: signin.Cost{Memory: 64, Time: 1}, Now: now, Logger: quiet})
	p.people.Register(p.mux)
	p.api = unleash.New(unleash.Options{
		Passwords: p.people, Service: p.service, Hub: p.hub, Usage: db, Now: now, Logger: quiet, EdgeSecret: edgeSecret,
	})
	p.api.Register(p.mux)
	p.setUp(t)
	return p
}

func (p *plane) setUp(t testing.TB) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(p.service.Init(t.Context()))
	_, err := p.service.CreateProject(t.Context(), control.Setup(), control.Project{ID: "blue"})
	must(err)
	for secret, typ := range map[string]control.TokenType{
		admin: control.TokenAdmin, backend: control.TokenBackend, onlyBlue: control.TokenBackend, frontend: control.TokenFrontend,
	} {
		_, err := p.service.AddToken(t.Context(), control.Setup(), typ, secret)
		must(err)
	}
}

// do answers one request. What was written before it is in what clients read.
func (p *plane) do(t testing.TB, method, path, token, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	if err := p.hub.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.mux.ServeHTTP(w, r)
	return w
}

// want answers one request and fails unless it has the status.
func (p *plane) want(t testing.TB, status int, method, path, token, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := p.do(t, method, path, token, body)
	if w.Code != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	return w
}

// flush writes what clients reported, as the end of Run does.
func (p *plane) flush(t testing.TB) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.api.Run(ended); err != nil {
		t.Fatal(err)
	}
}

// withFlag makes a flag that is on in development for everyone.
func (p *plane) withFlag(t testing.TB, project, name string) {
	t.Helper()
	features := "/api/admin/projects/" + project + "/features"
	p.want(t, http.StatusCreated, "POST", features, admin, `{"name":"`+name+`"}`)
	p.want(t, http.StatusOK, "POST", features+"/"+name+"/environments/development/on", admin, "")
}
