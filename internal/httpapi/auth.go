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

// Caller is who sent a request, and with which token.
type Caller struct {
	Principal control.Principal
	Token     control.Token
}

type callerKey struct{}

// Authenticate lets requests with a valid token pass, and puts their Caller
// into the context.
func Authenticate(a Authenticator, next Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		secret := Secret(r)
		if secret == "" {
			return control.Errorf(control.Unauthenticated, "no_token", "send an API token in the Authorization header")
		}
		p, t, err := a.Authenticate(r.Context(), secret)
		if err != nil {
			return err
		}
		return next(w, r.WithContext(WithCaller(r.Context(), Caller{p, t})))
	}
}

// WithCaller returns a context for what the caller asked for.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns who sent the request, the zero Caller, who may do nothing,
// where Authenticate was not passed.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
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
