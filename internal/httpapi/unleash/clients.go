package unleash

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

// Sink takes what clients have reported, gathered, once a second and also when
// there is nothing. What it returns an error for is lost.
type Sink interface {
	AddReports(ctx context.Context, in control.Reports) error
}

// ClientOptions are what the API of SDKs is made of. Auth, Feed, Sink and Ready
// are needed.
type ClientOptions struct {
	Auth  httpapi.Authenticator
	Feed  Feed
	Sink  Sink
	Ready func(context.Context) error // why nothing can be served, nil where it can

	// Relay says that counts of a flag that is not served here are passed on
	// as they are: whoever they go to serves more, and knows whether there is one.
	Relay bool

	VerifierKey string           // verifies what Feed signs; "" where it does not
	Origins     []string         // of the pages that may call the frontend API; * or none for any
	Now         func() time.Time // time.Now where nil
	Logger      *slog.Logger     // slog.Default where nil
}

// Clients answers what SDKs and edges call. It needs no control plane behind
// it. Its methods may be called from any goroutine.
type Clients struct {
	auth        httpapi.Authenticator
	feed        Feed
	reports     *reports
	whenReady   func(context.Context) error
	verifierKey string
	relay       bool
	cors        httpapi.CORS
	now         func() time.Time
	log         *slog.Logger
}

// NewClients returns the API of SDKs. What they report reaches the Sink while
// Run runs.
func NewClients(o ClientOptions) *Clients {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Clients{
		auth: o.Auth, feed: o.Feed, reports: newReports(o.Sink, o.Logger), whenReady: o.Ready, relay: o.Relay, verifierKey: o.VerifierKey,
		cors: httpapi.CORS{Origins: o.Origins}, now: o.Now, log: o.Logger,
	}
}

// Run passes what clients report to the Sink, once a second, until ctx ends,
// and then what is left.
func (a *Clients) Run(ctx context.Context) error { return a.reports.run(ctx) }

// Register adds the routes to a mux. Every other path below /api/ is answered
// as Unleash does.
func (a *Clients) Register(mux *http.ServeMux) {
	a.routeClient(mux)
	a.routeFrontend(mux)
	a.routeEdge(mux)
	mux.Handle("GET /health", a.open(health))
	mux.Handle("GET /ready", a.open(a.ready))
	mux.Handle("/api/", a.open(noSuchPath))
}

// routeClient adds what SDKs and edges call.
func (a *Clients) routeClient(mux *http.ServeMux) {
	for pattern, h := range map[string]httpapi.Handler{
		"GET /api/client/features":        a.features,
		"GET /api/client/features/{name}": a.feature,
		"GET /api/client/delta":           a.delta,
		"GET /api/client/streaming":       a.streaming,
		"POST /api/client/register":       a.reported(http.StatusAccepted, a.register),
		"POST /api/client/metrics":        a.reported(http.StatusAccepted, a.metrics),
		"POST /api/client/metrics/bulk":   a.reported(http.StatusAccepted, a.bulkMetrics),
		"POST /api/v1/receipts":           a.reported(http.StatusAccepted, a.acknowledge),
	} {
		mux.Handle(pattern, a.client(h))
	}
}

// open serves a route that needs no token.
func (a *Clients) open(h httpapi.Handler) http.Handler { return httpapi.Serve(a.log, render, h) }

// client serves a route for backend tokens alone. An admin token has no
// environment, and a frontend token is in the hands of whoever reads a page.
func (a *Clients) client(h httpapi.Handler) http.Handler {
	return a.open(a.only(control.TokenBackend, h))
}

// only lets requests with a valid token of one type pass.
func (a *Clients) only(want control.TokenType, h httpapi.Handler) httpapi.Handler {
	return httpapi.Authenticate(a.auth, func(w http.ResponseWriter, r *http.Request) error {
		if t := httpapi.CallerOf(r.Context()).Token.Type; t != want {
			return wrongTokenType(want, t)
		}
		return h(w, r)
	})
}

// noSuchPath answers whatever has no route, the wrong method on one that is
// there included, as Unleash does.
func noSuchPath(_ http.ResponseWriter, r *http.Request) error {
	return control.Errorf(control.NotFound, "not_found", "there is nothing at %s %s", r.Method, r.URL.Path)
}
