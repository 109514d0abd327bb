package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/edge"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/httpapi/ofrep"
	"github.com/lockflight/lockflight/internal/httpapi/unleash"
)

// EdgeOptions is the configuration of an edge. Upstream and Tokens are needed.
type EdgeOptions struct {
	Name     string   // by which it is told apart from others; host:port where empty
	Listen   string   // host:port; 127.0.0.1:0 where empty
	Upstream string   // URL of a control plane or of another edge
	Tokens   []string // backend tokens; an edge serves what they read
	Trust    []string // verifier keys of planes; the first that is seen is pinned where empty
	Backup   string   // directory; nothing is kept over a restart where empty
	Version  string

	MaxStale        time.Duration // how old what is served may be for /ready; any age where zero
	FrontendOrigins []string      // of the pages that may use the frontend API and OFREP; all where empty

	Logger *slog.Logger
}

// Edge is a running edge.
type Edge struct {
	edge     *edge.Edge
	clients  *unleash.Clients
	listener net.Listener
	server   *http.Server
}

// NewEdge reads the backup and listens. Nothing is served, and nothing asked of
// the upstream, before Run.
func NewEdge(ctx context.Context, o EdgeOptions) (*Edge, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	name, err := edgeName(o)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	e, err := edge.New(ctx, edge.Options{
		Name: name, Upstream: o.Upstream, Tokens: o.Tokens, Trust: o.Trust, Backup: o.Backup, MaxStale: o.MaxStale, Version: o.Version,
		Logger: o.Logger, Registerer: registry,
	})
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("starting to serve: %w", err)
	}
	a := &Edge{edge: e, listener: listener}
	a.clients = unleash.NewClients(unleash.ClientOptions{
		Auth: e, Feed: e, Sink: e, Ready: e.Ready, Relay: true, Origins: o.FrontendOrigins, Logger: o.Logger,
	})
	mux := http.NewServeMux()
	a.clients.Register(mux)
	ofrep.New(ofrep.Options{
		Auth: e, Feed: e, StreamKey: edgeStreamKey(o.Tokens[0]), Origins: o.FrontendOrigins, Logger: o.Logger,
	}).Register(mux)
	for _, pattern := range edge.EvidencePatterns {
		mux.Handle(pattern, httpapi.Serve(o.Logger, httpapi.WriteProblem, e.ServeEvidence))
	}
	mux.HandleFunc("GET /api/v1/freshness", e.ServeFreshness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	a.server = newServer(httpapi.Wrap(e.WithAge(mux), o.Logger, registry), o.Logger)
	return a, nil
}

// edgeName is the name that an edge was given, or one that is another for each
// edge of a host, and the same after a restart.
func edgeName(o EdgeOptions) (string, error) {
	if o.Name != "" {
		return o.Name, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("the edge's name: %w", err)
	}
	_, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	return net.JoinHostPort(host, port), nil
}

// edgeStreamKey is the same on every edge that is started with the same token
// first, so that an event stream may go on at another.
func edgeStreamKey(token string) [32]byte {
	return sha256.Sum256([]byte("lockflight edge: ofrep streams\n" + token))
}

// URL is where the edge listens.
func (a *Edge) URL() string { return "http://" + a.listener.Addr().String() }

// Run follows the upstream and serves until ctx ends or a part fails. Then it
// ends the requests, and after them passes on what clients have reported and
// writes the backup. It may be called once.
func (a *Edge) Run(ctx context.Context) error {
	following, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopFollowing()
	gathering, stopGathering := context.WithCancel(following)
	defer stopGathering()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.edge.Run(following) })
	g.Go(func() error {
		defer stopFollowing()
		return a.clients.Run(gathering)
	})
	g.Go(func() error {
		defer stopGathering()
		return serve(ctx, a.server, a.listener)
	})
	return g.Wait()
}
