package unleash_test

import (
	"net/http"
	"testing"

	"github.com/lockflight/lockflight/internal/httpapi/wiretest"
)

func TestWire(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, func(t testing.TB) wiretest.Plane { return newPlane(t) })
}

// ServeHTTP answers one request.
func (p *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Settle makes what was written, and what clients reported, seen.
func (p *plane) Settle(t testing.TB) {
	t.Helper()
	if err := p.hub.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.flush(t)
}
