package unleash_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestGzip sends a document compressed to those who take it so, with an ETag
// that both forms answer to, and small ones to nobody.
func TestGzip(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	fetch := func(encoding, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/client/features", http.NoBody)
		r.Header.Set("Authorization", backend)
		r.Header.Set("Accept-Encoding", encoding)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		p.mux.ServeHTTP(w, r)
		return w
	}
	if got := fetch("gzip", "").Header().Get("Content-Encoding"); got != "" {
		t.Errorf("a document of nothing is sent as %s", got)
	}
	p.want(t, http.StatusCreated, "POST", "/api/admin/projects/default/features", admin, `{"name":"f","description":"`+strings.Repeat("long ", 500)+`"}`)
	if err := p.hub.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := fetch("", "")
	for encoding, want := range map[string]bool{
		"gzip": true, "br;q=1.0, GZIP;q=0.5": true, "deflate, gzip, br": true,
		"": false, "identity": false, "gzip;q=0": false, "gzip; q=0.000": false, "br": false,
	} {
		w := fetch(encoding, "")
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("Accept-Encoding %q: gzip %v, want %v", encoding, got, want)
			continue
		}
		if !want {
			continue
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(z); err != nil || string(body) != plain.Body.String() {
			t.Errorf("Accept-Encoding %q: %s (%v), want %s", encoding, body, err, plain.Body)
		}
		for _, tag := range []string{w.Header().Get("ETag"), plain.Header().Get("ETag")} {
			if got := fetch(encoding, tag).Code; got != http.StatusNotModified {
				t.Errorf("If-None-Match %s: %d, want %d", tag, got, http.StatusNotModified)
			}
		}
	}
}
