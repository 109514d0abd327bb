package unleash_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// discard is a client that takes everything.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(b []byte) (int, error) { return io.Discard.Write(b) }

// BenchmarkFeatures is one poll of an SDK, token check included.
func BenchmarkFeatures(b *testing.B) {
	for _, flags := range []int{10, 1000} {
		p := newPlane(b)
		for i := range flags {
			p.want(b, http.StatusCreated, "POST", "/api/admin/projects/default/features", admin, fmt.Sprintf(`{"name":"flag-%d"}`, i))
		}
		first := p.do(b, "GET", "/api/client/features", backend, "", "Unleash-Client-Spec", "5.2.0")
		for name, etag := range map[string]string{"full": "", "unchanged": first.Header().Get("ETag")} {
			b.Run(fmt.Sprintf("flags=%d/%s", flags, name), func(b *testing.B) {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/api/client/features", http.NoBody)
				if err != nil {
					b.Fatal(err)
				}
				r.Header.Set("Authorization", backend)
				r.Header.Set("Unleash-Client-Spec", "5.2.0")
				r.Header.Set("If-None-Match", etag)
				b.ReportAllocs()
				for b.Loop() {
					p.mux.ServeHTTP(&discard{header: http.Header{}}, r)
				}
			})
		}
	}
}

// BenchmarkFrontend is one answer for one context: the token check, the context
// and the evaluation of all flags. Half of them are on, and each tenth of those
// has a variant.
func BenchmarkFrontend(b *testing.B) {
	for _, flags := range []int{10, 1000} {
		p := newPlane(b)
		for i := range flags {
			variants := ""
			if i%10 == 0 {
				variants = `,"variants":[{"name":"a","weight":500,"weightType":"variable"},{"name":"b","weight":500,"weightType":"variable","payload":{"type":"string","value":"x"}}]`
			}
			p.withStrategy(b, fmt.Sprintf("flag-%d", i), `{"name":"flexibleRollout","parameters":{"rollout":"50","stickiness":"userId"}`+variants+`}`)
		}
		const get, post = "/api/frontend?appName=web&sessionId=s&userId=u", `{"context":{"appName":"web","sessionId":"s","userId":"u"}}`
		full := p.do(b, "GET", get, frontend, "")
		b.Run(fmt.Sprintf("flags=%d/get", flags), func(b *testing.B) { serveAll(b, p.mux, "GET", get, "", "") })
		b.Run(fmt.Sprintf("flags=%d/post", flags), func(b *testing.B) { serveAll(b, p.mux, "POST", "/api/frontend", post, "") })
		b.Run(fmt.Sprintf("flags=%d/unchanged", flags), func(b *testing.B) { serveAll(b, p.mux, "GET", get, "", full.Header().Get("ETag")) })
		// The floor: a server that only has the same bytes to write.
		body, floor := full.Body.Bytes(), http.NewServeMux()
		floor.HandleFunc("GET /api/frontend", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		})
		b.Run(fmt.Sprintf("flags=%d/floor", flags), func(b *testing.B) { serveAll(b, floor, "GET", get, "", "") })
	}
}

// serveAll sends one request again and again.
func serveAll(b *testing.B, h http.Handler, method, path, body, etag string) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, path, http.NoBody)
	r.Header.Set("Authorization", frontend)
	r.Header.Set("If-None-Match", etag)
	b.ReportAllocs()
	for b.Loop() {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		h.ServeHTTP(&discard{header: http.Header{}}, r)
	}
}
