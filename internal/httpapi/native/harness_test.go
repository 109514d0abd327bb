package native_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/httpapi/native"
	"github.com/lockflight/lockflight/internal/runner"
	"github.com/lockflight/lockflight/internal/store"
)

// The tokens of every plane.
const (
	admin   = "*:*.admin"
	backend = "*:production.backend"
)

// plane is the API over a real service on a real store.
type plane struct {
	service *control.Service
	store   *store.DB
	runner  *runner.Runner
	key     audit.Key
	handler http.Handler
}

// newPlane returns a plane whose clock is now, or stands still where now is
// zero.
func newPlane(t testing.TB, clock func() time.Time) *plane {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: quiet, Now: clock})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	p := &plane{store: db}
	p.key, err = audit.GenerateKey(rand.Reader, "test")
	check(t, err)
	p.service = control.New(control.Options{Store: db, Usage: db, Now: clock, Origin: "test", Version: "test", Logger: quiet})
	p.runner = runner.New(runner.Options{Service: p.service, Evidence: db, Wake: db, Now: clock, Logger: quiet, Coalesce: time.Millisecond})
	p.serve(evidence.Options{Now: clock})
	check(t, p.service.Init(t.Context()))
	for secret, typ := range map[string]control.TokenType{admin: control.TokenAdmin, backend: control.TokenBackend} {
		_, err := p.service.AddToken(t.Context(), control.Setup(), typ, secret)
		check(t, err)
	}
	return p
}

// serve makes the API anew, over an Ingest with options.
func (p *plane) serve(o evidence.Options) {
	quiet := slog.New(slog.DiscardHandler)
	o.Store, o.Releases = p.store, p.runner
	mux := http.NewServeMux()
	native.Register(mux, native.Options{
		Service: p.service, Usage: p.store, Live: p.runner, Log: p.store, Checkpoint: p.checkpoint, VerifierKey: p.key.VerifierKey(),
		Ingest: evidence.New(o), Logger: quiet,
	})
	p.handler = httpapi.Wrap(mux, quiet, nil)
}

var today = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func still() time.Time { return today }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkpoint signs what is committed.
func (p *plane) checkpoint(ctx context.Context) error {
	var head control.Head
	err := p.store.View(ctx, func(tx control.ReadTx) (err error) {
		head, err = tx.Head()
		return err
	})
	if err != nil {
		return err
	}
	note, err := audit.Sign(audit.Checkpoint{Origin: "test", Size: head.Size, Root: head.Root}, p.key)
	if err != nil {
		return err
	}
	return p.store.PutCheckpoint(ctx, head.Size, note, today)
}

// do answers one request.
func (p *plane) do(t testing.TB, method, path, token, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}
