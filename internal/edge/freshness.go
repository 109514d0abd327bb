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

// ageFor is how long an age stands in headers: it is told in seconds.
const ageFor = 100 * time.Millisecond

// agedHeader is a value of AgeHeader, and when it was the age.
type agedHeader struct {
	at    time.Time
	value []string
}

// WithAge has every answer of next say in a header how old what is served is.
func (e *Edge) WithAge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if value := e.ageHeader(); value != nil {
			w.Header()[AgeHeader] = value
		}
		next.ServeHTTP(w, r)
	})
}

// ageHeader returns the value of AgeHeader, nil where there is nothing to serve.
func (e *Edge) ageHeader() []string {
	now := e.now()
	if h := e.aged.Load(); h != nil && now.Sub(h.at).Abs() < ageFor {
		return h.value
	}
	age, ok := e.Age()
	if !ok {
		return nil
	}
	h := &agedHeader{now, []string{strconv.FormatInt(int64(age.Seconds()), 10)}}
	e.aged.Store(h)
	return h.value
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
