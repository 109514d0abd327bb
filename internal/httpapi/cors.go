package httpapi

import (
	"net/http"
	"slices"
)

// AnyOrigin stands for every site, in CORS.Origins and on the wire.
const AnyOrigin = "*"

// Values of headers that are the same in each answer. What is added to one of
// them is added to a copy.
var (
	varyOrigin       = []string{"Origin"}
	allowCredentials = []string{"true"}
	exposeETag       = []string{"ETag"}
	jsonType         = []string{"application/json; charset=utf-8"}
)

// CORS says which pages may call an API
// (https://fetch.spec.whatwg.org/#http-cors-protocol).
type CORS struct {
	Origins []string // AnyOrigin or none for any
}

// Wrap lets the pages of the allowed origins read what next answers, errors
// included.
func (c CORS) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Vary"] = append(h["Vary"], varyOrigin...)
		if origin, ok := c.allowed(r.Header.Get("Origin")); ok {
			h.Set("Access-Control-Allow-Origin", origin)
			h["Access-Control-Allow-Credentials"] = allowCredentials
			h["Access-Control-Expose-Headers"] = exposeETag
		}
		next.ServeHTTP(w, r)
	})
}

// allowed returns what an origin is told of which origins are allowed, and
// whether it is one.
func (c CORS) allowed(origin string) (string, bool) {
	if len(c.Origins) == 0 || slices.Contains(c.Origins, AnyOrigin) {
		return AnyOrigin, true
	}
	return origin, slices.Contains(c.Origins, origin)
}

// Preflight answers what a browser asks before it sends a request with a token.
// SDKs can be told to send the token, or anything else, in headers of other
// names, so that every name is allowed.
func Preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	if names := r.Header.Get("Access-Control-Request-Headers"); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
	h.Set("Access-Control-Max-Age", "86400") // a day; browsers cut it to two hours or less
	w.WriteHeader(http.StatusNoContent)
}
