package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// Authenticator knows whose a secret is. It returns an Error of Kind
// Unauthenticated where it is nobody's.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (control.Principal, control.Token, error)
}

// Caller is who sent a request, and with which token: none in a session.
type Caller struct {
	Principal control.Principal
	Token     control.Token
}

type callerKey struct{}

// Authenticate lets requests with a valid token pass, or with the cookie of a
// session, and puts their Caller into the context. A session counts from the
// cookie alone, and nothing else does from there; a cookie is sent by the
// browser whoever asks, so what changes something must come from this origin.
func Authenticate(a Authenticator, next Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		secret, cookie := Secret(r), false
		if secret == "" {
			secret, cookie = session(r)
		}
		if secret == "" {
			return control.Errorf(control.Unauthenticated, "no_token", "send an API token in the Authorization header")
		}
		p, t, err := a.Authenticate(r.Context(), secret)
		if err != nil {
			return err
		}
		if cookie != (p.Via == "session") {
			return control.Errorf(control.Unauthenticated, "unauthenticated", "a session counts in its cookie, and a token in the Authorization header")
		}
		if cookie {
			if err := SameOrigin(r); err != nil {
				return err
			}
		}
		p.Proposal = proposal(r)
		if of := answerOf(r.Context()); of != nil {
			of.caller = Caller{p, t}
			return next(w, r)
		}
		return next(w, r.WithContext(WithCaller(r.Context(), Caller{p, t})))
	}
}

// proposal is what ?propose=TITLE makes of a write, in any API: a change
// request, in place of the change.
func proposal(r *http.Request) *control.Proposal {
	if r.URL.RawQuery == "" || r.Method == http.MethodGet || !r.URL.Query().Has("propose") {
		return nil
	}
	return &control.Proposal{Title: r.URL.Query().Get("propose")}
}

// WithCaller returns a context for what the caller asked for.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns who sent the request, the zero Caller, who may do nothing,
// where Authenticate was not passed.
func CallerOf(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerKey{}).(Caller); ok {
		return c
	}
	if a := answerOf(ctx); a != nil {
		return a.caller
	}
	return Caller{}
}

// Secret returns the token of a request: the Authorization header, as it is or
// after "Bearer" in any case, as Unleash accepts both.
func Secret(r *http.Request) string {
	value := strings.TrimSpace(r.Header.Get("Authorization"))
	if scheme, rest, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return value
}
