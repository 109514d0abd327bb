package signin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/signin"
	"github.com/lockflight/lockflight/internal/store"
)

// cheap is a hash that tests can afford.
var cheap = signin.Cost{Memory: 64, Time: 1}

// world is sign-in over a real store, with a clock that tests move.
type world struct {
	*signin.Service
	control *control.Service
	mux     *http.ServeMux
	clock   *atomic.Int64
	log     *strings.Builder
}

func newWorld(t testing.TB, change ...func(*signin.Options)) *world {
	t.Helper()
	w := &world{clock: new(atomic.Int64), mux: http.NewServeMux(), log: new(strings.Builder)}
	w.clock.Store(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).UnixMilli())
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Now: w.now, Logger: quiet})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	w.control = control.New(control.Options{Store: db, Uses: db, Now: w.now, Origin: "test", Logger: quiet})
	check(t, w.control.Init(t.Context()))
	o := signin.Options{
		Control: w.control, Cost: cheap, Now: w.now,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&o)
	}
	w.Service = signin.New(o)
	w.Register(w.mux)
	return w
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

func (w *world) pass(d time.Duration) { w.clock.Add(d.Milliseconds()) }

const password = "correct horse battery staple"

// person makes an account with the password.
func (w *world) person(t testing.TB, in control.Account) control.Account {
	t.Helper()
	in.Kind = control.KindHuman
	if in.Role == 0 {
		in.Role = control.RoleViewer
	}
	a, err := w.control.CreateAccount(t.Context(), control.Setup(), in)
	check(t, err)
	check(t, w.SetPassword(t.Context(), control.Setup(), a.ID, password))
	return a
}

// request is one that a browser sends.
type request struct {
	method, path, body string
	header             map[string]string
	from               string
	cookies            []*http.Cookie
}

func (w *world) send(in request) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	r := httptest.NewRequest(in.method, in.path, strings.NewReader(in.body))
	if in.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range in.header {
		r.Header.Set(k, v)
	}
	if in.from != "" {
		r.RemoteAddr = in.from + ":4711"
	}
	for _, c := range in.cookies {
		r.AddCookie(c)
	}
	w.mux.ServeHTTP(out, r)
	return out
}

// signIn sends a sign-in from an address.
func (w *world) signIn(login, pass, from string) *httptest.ResponseRecorder {
	return w.send(request{
		method: http.MethodPost, path: "/auth/password", from: from,
		body: `{"username":"` + login + `","password":"` + pass + `"}`,
	})
}

// records runs the service until what it gathers is written, and returns the
// whole log.
func (w *world) records(t testing.TB) []audit.Record {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	check(t, w.control.Run(ctx))
	events, err := w.control.Events(t.Context(), control.Setup(), 0, 10_000)
	check(t, err)
	var out []audit.Record
	for _, e := range events {
		r, err := audit.Decode(e.Record)
		check(t, err)
		out = append(out, r)
	}
	return out
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
