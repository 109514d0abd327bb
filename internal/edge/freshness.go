package edge

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// AgeHeader is the header that says how many seconds ago the upstream last
// confirmed what is served.
const AgeHeader = "Lockflight-Age"

// freshness is one scope in the answer to GET /api/v1/freshness.
type freshness struct {
	scope

	Seq        int64     `json:"seq"` // 0 while there is nothing to serve
	AgeSeconds float64   `json:"ageSeconds"`
	Confirmed  time.Time `json:"confirmedAt,omitzero"`
}

// WithAge has every answer of next say in a header how old what is served is.
func (e *Edge) WithAge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if age, ok := e.Age(); ok {
			w.Header().Set(AgeHeader, strconv.FormatInt(int64(age.Seconds()), 10))
		}
		next.ServeHTTP(w, r)
	})
}

// ServeFreshness answers GET /api/v1/freshness.
func (e *Edge) ServeFreshness(w http.ResponseWriter, _ *http.Request) {
	out := struct {
		Scopes []freshness `json:"scopes"`
	}{[]freshness{}}
	for _, f := range e.following() {
		f.mu.Lock()
		one := freshness{scope: f.scope, Seq: f.seq}
		if f.seq > 0 {
			one.AgeSeconds, one.Confirmed = e.now().Sub(f.fresh).Seconds(), f.fresh.UTC()
		}
		f.mu.Unlock()
		out.Scopes = append(out.Scopes, one)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}
