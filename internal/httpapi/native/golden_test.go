package native_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/httpapi/wiretest"
)

func TestWire(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, func(t testing.TB) wiretest.Plane { return newPlane(t, still) })
}

// ServeHTTP answers one request, as an admin's where it does not say whose.
func (p *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", admin)
	}
	p.handler.ServeHTTP(w, r)
}

// Settle has nothing to wait for: this API reads what is committed.
func (p *plane) Settle(testing.TB) {}

// TestDocument holds the OpenAPI document to api/openapi.json. It needs no
// token.
func TestDocument(t *testing.T) {
	t.Parallel()
	w := newPlane(t, still).do(t, http.MethodGet, "/api/v1/openapi.json", "", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	wiretest.Compare(t, "../../../api/openapi.json", w.Body.Bytes())
	if strings.Contains(w.Body.String(), `"$schema"`) {
		t.Error("bodies have a $schema")
	}
}
