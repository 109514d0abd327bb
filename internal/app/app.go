// Package app puts Lockflight together: it opens the store, wires the rooms in
// a straight line, serves, and takes everything down in reverse order. It is
// not where anything is decided; no other package reads configuration.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/httpapi/approval"
	"github.com/lockflight/lockflight/internal/httpapi/native"
	"github.com/lockflight/lockflight/internal/httpapi/ofrep"
	"github.com/lockflight/lockflight/internal/httpapi/tlog"
	"github.com/lockflight/lockflight/internal/httpapi/unleash"
	"github.com/lockflight/lockflight/internal/mcpserver"
	"github.com/lockflight/lockflight/internal/notify"
	"github.com/lockflight/lockflight/internal/policy"
	"github.com/lockflight/lockflight/internal/runner"
	"github.com/lockflight/lockflight/internal/signin"
	"github.com/lockflight/lockflight/internal/source"
	"github.com/lockflight/lockflight/internal/store"
)

// Options is the configuration of a control plane. The zero value serves on a
// free port of the loopback address, with its data in ./lockflight-data.
type Options struct {
	Listen      string // host:port; 127.0.0.1:0 where empty
	OTLPListen  string // host:port of OTLP over gRPC; none where empty
	DataDir     string // SQLite and the signing key; ./lockflight-data where empty
	DatabaseURL string // postgres://...: PostgreSQL in place of SQLite
	SigningKey  string // file; signing.key in DataDir where empty
	// CheckpointFile keeps the newest checkpoint outside the database;
	// checkpoint.last beside SigningKey where empty.
	CheckpointFile string
	// SealingKey is the file of the key that personal data is sealed under;
	// sealing.key beside SigningKey where empty.
	SealingKey string
	// AnchorFile is what checkpoints are added to, once a minute while the log
	// grows, and what it is compared with at the start; none where empty.
	AnchorFile string
	Version    string

	// Tokens that exist from the first start, in Unleash's form.
	AdminTokens, BackendTokens, FrontendTokens []string

	// Retention is how long what clients report is kept: usage by the hour,
	// receipts, instances, unknown flags, impact metrics. DefaultRetention where
	// zero.
	Retention time.Duration

	FrontendOrigins []string // of the pages that may use the frontend API and OFREP; all where empty

	// EdgeClientSecret is what Unleash Edges sign with that ask for tokens, in
	// base64url; none is issued without it.
	EdgeClientSecret string

	// PrometheusURL is the server that signals with a PromQL source are asked of;
	// without one they are missing evidence.
	PrometheusURL string

	// EvidenceUnits is how many units of open releases are remembered together;
	// runner.DefaultUnits where zero.
	EvidenceUnits int

	// AuditStreams are the URLs of where the log is streamed to, as
	// notify.ParseTarget reads them.
	AuditStreams []string

	// Providers sign people in, at the address PublicURL under which browsers
	// find the plane. SSOOnly leaves passwords to break-glass accounts.
	Providers    []signin.Provider
	PublicURL    string
	SSOOnly      bool
	PasswordCost signin.Cost // signin.DefaultCost where zero

	// Policy is what may be done of what roles allow; policy.Default where nil.
	Policy *policy.Policy

	Logger *slog.Logger
	Now    func() time.Time // time.Now where nil; a test's skewed replica
}

// App is a running control plane.
type App struct {
	Service *control.Service

	opts     Options
	log      *slog.Logger
	store    *store.DB
	listener net.Listener
	otlp     net.Listener // nil where OTLP comes over HTTP alone
	server   *http.Server
	hub      *feed.Hub
	ingest   *evidence.Ingest
	runner   *runner.Runner
	sources  *source.Sources
	clients  *unleash.API
	people   *signin.Service
	streams  *notify.Streams
	setup    *setup
	signer   *signer
	signed   atomic.Int64 // size of the newest checkpoint made here
	teardown []func() error

	last   lastCheckpoint
	known  *audit.Checkpoint // what last had at the start
	unkept sync.Once         // says that nothing can be kept there

	targets  []notify.Target
	anchored int64 // records that the newest line of the anchor covers

	edgeSecret []byte // Options.EdgeClientSecret, decoded
}

// New opens the store, makes what a first start needs, and listens. Nothing is
// served before Run. After an error nothing is left open.
func New(ctx context.Context, o Options) (*App, error) {
	o = o.withDefaults()
	a := &App{opts: o, log: o.Logger}
	var err error
	if a.targets, err = streamTargets(o.AuditStreams); err != nil {
		return nil, err
	}
	if a.edgeSecret, err = unleash.EdgeSecret(o.EdgeClientSecret); err != nil {
		return nil, err
	}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if err := a.wire(); err != nil {
		return nil, err
	}
	return a, nil
}

// open does what may fail: all that is outside this process.
func (a *App) open(ctx context.Context) error {
	o := a.opts
	var err error
	if a.signer, err = loadSigner(o.SigningKey); err != nil {
		return err
	}
	if o.Policy == nil {
		if o.Policy, err = policy.Default(); err != nil {
			return err
		}
	}
	sealing, err := loadSealingKey(o.SealingKey)
	if err != nil {
		return err
	}
	dir := o.DataDir
	if o.DatabaseURL != "" {
		dir = ""
	}
	if a.store, err = store.Open(ctx, store.Options{Dir: dir, URL: o.DatabaseURL, Logger: o.Logger, Now: o.Now}); err != nil {
		return fmt.Errorf("opening the store: %w", err)
	}
	a.onStop(a.store.Close)

	a.Service = control.New(control.Options{
		Store: a.store, Usage: a.store, Uses: a.store, Now: o.Now, Origin: a.signer.origin, Version: o.Version, Logger: o.Logger,
		Policy: o.Policy, Sealing: sealing,
	})
	if err := a.Service.CheckSealingKey(ctx); err != nil {
		return fmt.Errorf("reading the accounts: %w", err)
	}
	a.last = lastCheckpoint{o.CheckpointFile}
	if err := errors.Join(a.checkLog(ctx), a.checkAnchor(ctx)); err != nil {
		return err
	}
	if err := a.prepare(ctx); err != nil {
		return err
	}
	// A log that nobody has signed for does not verify, and a crash may come
	// before the first second is over.
	if err := a.checkpoint(ctx); err != nil {
		return fmt.Errorf("signing the first checkpoint: %w", err)
	}
	if a.sources, err = source.New(source.Options{Prometheus: o.PrometheusURL, Impact: a.store}); err != nil {
		return err
	}
	if a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen); err != nil {
		return fmt.Errorf("starting to serve: %w", err)
	}
	if o.OTLPListen == "" {
		return nil
	}
	if a.otlp, err = (&net.ListenConfig{}).Listen(ctx, "tcp", o.OTLPListen); err != nil {
		return errors.Join(fmt.Errorf("starting to serve OTLP: %w", err), a.listener.Close())
	}
	return nil
}

// wire makes the rooms, each with what it needs of those before it.
func (a *App) wire() (err error) {
	o := a.opts
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	a.hub = feed.New(a.Service, a.store.Changed, o.Logger)
	a.hub.SignWith(a.signDocument)
	a.runner = runner.New(runner.Options{
		Service: a.Service, Evidence: a.store, Wake: a.store, Figures: a.sources, Now: o.Now, Logger: o.Logger, Registerer: registry,
		Units: o.EvidenceUnits,
	})
	a.ingest = evidence.New(evidence.Options{
		Store: a.store, Releases: a.runner, Arm: armOf, Now: o.Now, Logger: o.Logger, Registerer: registry,
	})
	a.people = signin.New(signin.Options{
		Control: a.Service, Cost: o.PasswordCost, SSOOnly: o.SSOOnly, Providers: o.Providers, PublicURL: o.PublicURL,
		Now: o.Now, Logger: o.Logger,
	})
	a.clients = unleash.New(unleash.Options{
		Service: a.Service, Hub: a.hub, Usage: a.store, Passwords: a.people, Origins: o.FrontendOrigins,
		EdgeSecret: a.edgeSecret, VerifierKey: a.signer.vkey, Now: o.Now, Logger: o.Logger,
	})
	a.streams, err = notify.New(notify.Options{
		Log: a.Service, Cursors: a.store, Changed: a.store.Changed, Targets: a.targets, Version: o.Version, Logger: o.Logger, Registerer: registry,
	})
	if err != nil {
		return errors.Join(fmt.Errorf("--audit-stream: %w", err), a.listener.Close(), a.closeOTLP(), a.close())
	}
	mux := http.NewServeMux()
	a.clients.Register(mux)
	ofrep.New(ofrep.Options{
		Auth: a.Service, Feed: a.hub, StreamKey: a.signer.derive("ofrep streams"), Origins: o.FrontendOrigins, Now: o.Now, Logger: o.Logger,
	}).Register(mux)
	native.Register(mux, native.Options{
		Service: a.Service, Usage: a.store, Live: a.runner, Ingest: a.ingest,
		Log: a.store, Checkpoint: a.checkpoint, VerifierKey: a.signer.vkey, Keys: a.signer.vkeys, Logger: o.Logger,
	})
	tlog.Register(mux, tlog.Options{
		Service: a.Service, Log: a.store, VerifierKey: a.signer.vkey, Keys: a.signer.vkeys, Alarm: a.alarm, Logger: o.Logger,
	})
	mcpserver.New(mcpserver.Options{
		Service: a.Service, Evidence: submitted{a.ingest}, Live: a.runner, Proposals: proposals{a.Service}, Evaluate: evaluate,
		PublicURL: o.PublicURL, Version: o.Version, Now: o.Now, Logger: o.Logger,
	}).Register(mux)
	a.people.Register(mux)
	approval.Register(mux, a.Service, a.people, o.Logger)
	a.setup.register(mux, a.people)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /{$}", a.home)

	a.server = newServer(httpapi.Wrap(mux, o.Logger, registry), o.Logger)
	return nil
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.DataDir == "" {
		o.DataDir = "lockflight-data"
	}
	if o.SigningKey == "" {
		o.SigningKey = defaultKeyFile(o.DataDir)
	}
	if o.CheckpointFile == "" {
		o.CheckpointFile = defaultCheckpointFile(o.SigningKey)
	}
	if o.SealingKey == "" {
		o.SealingKey = filepath.Join(filepath.Dir(o.SigningKey), "sealing.key")
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// prepare makes what every installation has. It is idempotent.
func (a *App) prepare(ctx context.Context) error {
	if !a.refused() {
		if err := a.initialize(ctx); err != nil {
			return err
		}
	}
	var err error
	if a.setup, err = newSetup(ctx, a.Service); err != nil {
		return fmt.Errorf("looking for an admin token: %w", err)
	}
	return nil
}

// initialize writes what every installation has, where it is not there.
func (a *App) initialize(ctx context.Context) error {
	if err := a.Service.Init(ctx); err != nil {
		return fmt.Errorf("preparing the installation: %w", err)
	}
	for typ, secrets := range map[control.TokenType][]string{
		control.TokenAdmin: a.opts.AdminTokens, control.TokenBackend: a.opts.BackendTokens, control.TokenFrontend: a.opts.FrontendTokens,
	} {
		for _, secret := range secrets {
			if _, err := a.Service.AddToken(ctx, control.Setup(), typ, secret); err != nil {
				return fmt.Errorf("adding the initial %s token: %w", typ, err)
			}
		}
	}
	return nil
}

// URL is where the plane listens.
func (a *App) URL() string { return "http://" + a.listener.Addr().String() }

// OTLPAddr is where OTLP over gRPC is taken, or empty where it is not.
func (a *App) OTLPAddr() string {
	if a.otlp == nil {
		return ""
	}
	return a.otlp.Addr().String()
}

// SetupURL is the one-time link that makes the first admin token, or empty
// where one exists.
func (a *App) SetupURL() string {
	if code := a.setup.unused(); code != "" {
		return a.URL() + "/setup?code=" + code
	}
	return ""
}

// Run serves until ctx ends or a part fails. Then it ends the requests, after
// them the parts that they rely on, signs a last checkpoint and closes the
// store. It may be called once.
func (a *App) Run(ctx context.Context) error {
	// Evidence may come with the first request: its release must be known.
	if err := a.runner.Load(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(fmt.Errorf("reading the open releases: %w", err), a.listener.Close(), a.closeOTLP(), a.close())
	}
	parts, stopParts := context.WithCancel(context.WithoutCancel(ctx))
	defer stopParts()
	g, ctx := errgroup.WithContext(ctx)
	for _, part := range []func(context.Context) error{
		a.store.Run, a.Service.Run, a.Service.RunRequests, a.hub.Run, a.runner.Run, a.ingest.Run, a.clients.Run,
		a.signing, a.anchoring, a.watching, a.cleaning, a.proving, a.streams.Run,
	} {
		g.Go(func() error {
			if err := part(parts); err != nil && !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		})
	}
	g.Go(func() error {
		defer stopParts()
		doors, ctx := errgroup.WithContext(ctx)
		doors.Go(func() error { return serve(ctx, a.server, a.listener) })
		if a.otlp != nil {
			doors.Go(func() error { return newOTLPServer(a.Service, a.ingest).run(ctx, a.otlp) })
		}
		return doors.Wait()
	})
	err := g.Wait()
	return errors.Join(err, a.checkpoint(context.WithoutCancel(ctx)), a.close())
}

func (a *App) closeOTLP() error {
	if a.otlp == nil {
		return nil
	}
	return a.otlp.Close()
}

// onStop adds a step to the teardown, which runs last in, first out.
func (a *App) onStop(step func() error) { a.teardown = append(a.teardown, step) }

func (a *App) close() error {
	var errs []error
	for _, step := range slices.Backward(a.teardown) {
		errs = append(errs, step())
	}
	a.teardown = nil
	return errors.Join(errs...)
}

// armOf lets evidence that names only a unit find its arm.
func armOf(r control.ReleaseView, unit string) (string, bool) { return r.Arm(unit) }

func (a *App) home(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "Lockflight %s\nAPI: /api/v1/openapi.json\nHealth: /health\n", a.opts.Version)
}
