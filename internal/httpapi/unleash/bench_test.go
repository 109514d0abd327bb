package unleash_test

import (
	"fmt"
	"io"
	"net/http"
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
