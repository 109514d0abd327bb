package httpapi

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
)

// sessionCookie holds the secret of a session. Browsers take a cookie of such
// a name from this host alone, over TLS or from the machine itself, and for all
// paths (RFC 6265bis, 4.1.3.2).
const sessionCookie = "__Host-lockflight"

// SetSession hands a session's secret to the browser; an empty one takes it
// back. How long it counts is the server's to say.
func SetSession(w http.ResponseWriter, secret string) {
	c := &http.Cookie{
		Name: sessionCookie, Value: secret, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	w.Header().Set("Cache-Control", "no-store")
}

// session returns the secret in the cookie of a request, false without one. Two
// cookies of the name are none: one of them was put there by somebody else.
func session(r *http.Request) (string, bool) {
	all := r.CookiesNamed(sessionCookie)
	if len(all) != 1 || all[0].Value == "" {
		return "", false
	}
	return all[0].Value, true
}

// sameOrigin refuses what a browser sends in the name of another site
// (Sec-Fetch-Site, or Origin where that is missing).
var sameOrigin = http.NewCrossOriginProtection()

// SameOrigin returns an Error of Kind Denied for a request that changes
// something and that a browser has sent from another site.
func SameOrigin(r *http.Request) error {
	if err := sameOrigin.Check(r); err != nil {
		return control.Errorf(control.Denied, "cross_origin", "the request comes from another site")
	}
	return nil
}
