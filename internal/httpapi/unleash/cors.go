package unleash

import (
	"net/http"
	"slices"
)

// anyOrigin stands for every site, in Options.Origins and on the wire.
const anyOrigin = "*"

// cors lets the pages of the allowed origins read what next answers, errors
// included (https://fetch.spec.whatwg.org/#http-cors-protocol).
func (a *API) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin, ok := a.allowed(r.Header.Get("Origin")); ok {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", "ETag")
		}
		next.ServeHTTP(w, r)
	})
}

// allowed returns what an origin is told of which origins are allowed, and
// whether it is one.
func (a *API) allowed(origin string) (string, bool) {
	if len(a.origins) == 0 || slices.Contains(a.origins, anyOrigin) {
		return anyOrigin, true
	}
	return origin, slices.Contains(a.origins, origin)
}

// preflight answers what a browser asks before it sends a request with a token.
// SDKs can be told to send the token, or anything else, in headers of other
// names, so that every name is allowed.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	if names := r.Header.Get("Access-Control-Request-Headers"); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
	h.Set("Access-Control-Max-Age", "86400") // a day; browsers cut it to two hours or less
	w.WriteHeader(http.StatusNoContent)
}
