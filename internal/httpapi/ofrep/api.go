package ofrep

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// Feed finds what tokens read.
type Feed interface {
	// Of returns the environment that a token of an SDK reads, all of it that
	// there is here. What of it the token may see is for the caller to pick.
	Of(ctx context.Context, t control.Token) (*feed.Env, error)
}

// Options are what an API is made of. Auth, Feed and StreamKey are needed.
type Options struct {
	Auth      httpapi.Authenticator
	Feed      Feed
	StreamKey [32]byte         // seals the address of event streams; the same on all replicas
	Origins   []string         // of the pages that may call it; * or none for any
	Now       func() time.Time // time.Now where nil
	Logger    *slog.Logger     // slog.Default where nil
}

// API answers /ofrep/v1. Its methods may be called from any goroutine.
type API struct {
	auth httpapi.Authenticator
	feed Feed
	seal seal
	cors httpapi.CORS
	now  func() time.Time
	log  *slog.Logger
}

// New returns an API.
func New(o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &API{auth: o.Auth, feed: o.Feed, seal: newSeal(o.StreamKey), cors: httpapi.CORS{Origins: o.Origins}, now: o.Now, log: o.Logger}
}

// Register adds the routes to a mux.
func (a *API) Register(mux *http.ServeMux) {
	const flags = "/ofrep/v1/evaluate/flags"
	mux.Handle("POST "+flags, a.open(a.authenticated(a.all)))
	mux.Handle("POST "+flags+"/{key}", a.open(a.authenticated(a.one)))
	mux.Handle("GET "+streamPath, a.open(a.stream))
	mux.Handle("OPTIONS /ofrep/", a.cors.Wrap(http.HandlerFunc(httpapi.Preflight)))
	mux.Handle("/ofrep/", a.open(noSuchPath))
}

// open serves a route to pages of the allowed origins.
func (a *API) open(h httpapi.Handler) http.Handler {
	return a.cors.Wrap(httpapi.Serve(a.log, render, h))
}

// authenticated lets requests with a valid token pass, which providers send as
// a bearer token or as X-API-Key.
func (a *API) authenticated(h httpapi.Handler) httpapi.Handler {
	next := httpapi.Authenticate(a.auth, h)
	return func(w http.ResponseWriter, r *http.Request) error {
		if key := r.Header.Get("X-Api-Key"); key != "" && r.Header.Get("Authorization") == "" {
			r.Header.Set("Authorization", key)
		}
		return next(w, r)
	}
}

// view returns what the caller's token may read.
func (a *API) view(r *http.Request) (*feed.View, error) {
	env, scope, err := a.granted(r.Context(), httpapi.CallerOf(r.Context()))
	if err != nil {
		return nil, err
	}
	return env.Snapshot(scope), nil
}

// granted returns the environment of a caller and the part of it that it may
// have decided. That takes the permission that frontend tokens have too, who
// may not read the rules.
func (a *API) granted(ctx context.Context, c httpapi.Caller) (*feed.Env, feed.Scope, error) {
	if c.Token.Type == control.TokenAdmin {
		return nil, feed.Scope{}, control.Errorf(control.Denied, "wrong_token_type", "an admin token has no environment to decide flags in: use a frontend or backend token")
	}
	projects, all := c.Principal.Projects(control.PermClientWrite, c.Token.Environment)
	env, err := a.feed.Of(ctx, c.Token)
	return env, feed.Scope{All: all, Projects: projects}, err
}

func noSuchPath(_ http.ResponseWriter, r *http.Request) error {
	return control.Errorf(control.NotFound, "not_found", "there is nothing at %s %s", r.Method, r.URL.Path)
}
