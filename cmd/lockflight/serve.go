package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/policy"
	"github.com/lockflight/lockflight/internal/signin"
)

// logging is how a long-running command logs.
type logging struct {
	LogLevel  string `name:"log-level" enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
	LogFormat string `name:"log-format" enum:"auto,text,json" default:"auto" help:"auto is text on a terminal and json elsewhere."`
}

func (l logging) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.LogLevel)) // kong has checked it
	terminal := isTerminal(w)
	if l.LogFormat == "text" || l.LogFormat == "auto" && terminal {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !terminal}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

type serveCmd struct {
	logging
	Listen      string `default:"127.0.0.1:4242" help:"Where to listen."`
	OTLPGRPC    string `name:"otlp-grpc" placeholder:"HOST:PORT" help:"Where to take OTLP over gRPC, usually 127.0.0.1:4317; over HTTP alone where absent."`
	Data        string `default:"lockflight-data" type:"path" help:"Directory of the SQLite files and the signing key."`
	DatabaseURL string `name:"database-url" help:"PostgreSQL (postgres://...) in place of SQLite."`
	Policy      string `type:"existingfile" help:"File of the access policy (YAML): what agents, people and machines may do of what their roles allow. Where absent, agents act outside production and propose in it."`
	SigningKey  string `name:"signing-key" type:"path" help:"File of the key that signs the log's checkpoints; signing.key in --data where absent."`

	CheckpointFile string `name:"checkpoint-file" type:"path" help:"File that keeps the log's newest checkpoint outside the database, for the next start to compare; checkpoint.last beside the key where absent."`

	SealingKey string `name:"sealing-key" type:"path" help:"File of the key that personal data is sealed under; sealing.key beside the signing key where absent. Without it nobody reads who the accounts are."`
	Anchor     string `placeholder:"file:PATH" help:"Where to keep checkpoints, a line each, once a minute while the log grows: best on another machine, and out of reach of who runs this one. The log is compared with the last at the start."`

	Retention       time.Duration `default:"720h" help:"How long what clients report is kept: usage by the hour, receipts, instances, impact metrics. At least 24h."`
	FrontendOrigins []string      `name:"frontend-origins" placeholder:"URL,..." help:"Sites whose pages may use the frontend API and OFREP; all where absent."`

	AuditStreams []string `name:"audit-stream" placeholder:"URL,..." help:"Stream the audit log, from its first record on: file:///PATH, syslog+tls://HOST or https://:TOKEN@HOST/PATH, with ?format=jsonl, cef, ocsf or cloudevents, name=NAME, allow_private=true. One with a token is better in LOCKFLIGHT_AUDIT_STREAM than here."`

	PublicURL        string `name:"public-url" help:"Where browsers find this server, for providers to send them back to: https://flags.example.com."`
	OIDCIssuer       string `name:"oidc-issuer" help:"OpenID provider that signs people in; needs --public-url and --oidc-client-id."`
	OIDCClientID     string `name:"oidc-client-id" help:"The client that the provider knows this server as."`
	OIDCClientSecret string `name:"oidc-client-secret" help:"Its secret; better in LOCKFLIGHT_OIDC_CLIENT_SECRET than here."`
	OIDCGroupsClaim  string `name:"oidc-groups-claim" default:"groups" help:"The claim that names a person's groups, which groups here can stand for."`
	OIDCRole         string `name:"oidc-role" enum:"none,Viewer,Editor,Admin" default:"none" help:"Role of the account that is made for a person who has none; none is made without one."`
	SSOOnly          bool   `name:"sso-only" help:"Passwords are for break-glass accounts alone."`

	PrometheusURL string `name:"prometheus-url" placeholder:"URL" help:"Prometheus server that signals with a PromQL source are asked of; without one they are missing evidence."`

	EvidenceUnits int `name:"evidence-units" default:"2000000" help:"How many units (users, conversations) of running releases are remembered, about 120 bytes each; beyond them a release's signals are missing, and it holds."`

	InitAdmin    []string `name:"init-admin-api-tokens" env:"INIT_ADMIN_API_TOKENS" help:"Admin tokens that exist from the start, as *:*.SECRET."`
	InitBackend  []string `name:"init-backend-api-tokens" env:"INIT_BACKEND_API_TOKENS,INIT_CLIENT_API_TOKENS" help:"Backend tokens, as PROJECT:ENVIRONMENT.SECRET."`
	InitFrontend []string `name:"init-frontend-api-tokens" env:"INIT_FRONTEND_API_TOKENS" help:"Frontend tokens, as PROJECT:ENVIRONMENT.SECRET."`

	EdgeSecret string `name:"edge-client-secret" env:"LOCKFLIGHT_EDGE_CLIENT_SECRET,EDGE_CLIENT_SECRET" help:"What Unleash Edges sign with that ask for their tokens, in base64url. None is issued without it."`
}

// frugal collects garbage when it is half of what is in use, unless GOGC says
// otherwise: most of what a server holds are the documents that it serves, and
// twice their memory is a high price for less work that is little anyway. What
// it returns has to be kept alive: it counts as in use and is never touched, so
// that it takes no memory, and keeps a server that holds little from collecting
// some megabytes again and again.
func frugal() (ballast []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(50)
	return make([]byte, 64<<20)
}

// providers are those that sign people in: one, or none.
func (c *serveCmd) providers() ([]signin.Provider, error) {
	switch {
	case c.OIDCIssuer == "" && c.SSOOnly:
		return nil, errors.New("--sso-only needs a provider: --oidc-issuer")
	case c.OIDCIssuer == "":
		return nil, nil
	case c.PublicURL == "" || c.OIDCClientID == "":
		return nil, errors.New("--oidc-issuer needs --public-url and --oidc-client-id")
	}
	roles := map[string]int{"Viewer": control.RoleViewer, "Editor": control.RoleEditor, "Admin": control.RoleAdmin}
	return []signin.Provider{{
		Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCClientSecret,
		GroupsClaim: c.OIDCGroupsClaim, Role: roles[c.OIDCRole],
	}}, nil
}

// readPolicy reads an access policy; nil for the default one, without a name.
func readPolicy(name string) (*policy.Policy, error) {
	if name == "" {
		return nil, nil
	}
	document, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--policy: %w", err)
	}
	return policy.Parse(name, document)
}

// Run serves the control plane until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, s streams) error {
	if c.Retention < app.MinRetention {
		return usageError{fmt.Errorf("--retention: %v is less than %v", c.Retention, app.MinRetention)}
	}
	if c.EvidenceUnits < 1 {
		return usageError{fmt.Errorf("--evidence-units: %d is less than 1", c.EvidenceUnits)}
	}
	defer runtime.KeepAlive(frugal())
	log := c.logger(s.err)
	providers, err := c.providers()
	if err != nil {
		return usageError{err}
	}
	access, err := readPolicy(c.Policy)
	if err != nil {
		return usageError{err}
	}
	anchorFile, ok := strings.CutPrefix(c.Anchor, "file:")
	if c.Anchor != "" && (!ok || anchorFile == "") {
		return usageError{fmt.Errorf("--anchor: %q is not of the form file:PATH", c.Anchor)}
	}
	a, err := app.New(ctx, app.Options{
		Listen: c.Listen, OTLPListen: c.OTLPGRPC, DataDir: c.Data, DatabaseURL: c.DatabaseURL, SigningKey: c.SigningKey, CheckpointFile: c.CheckpointFile,
		SealingKey: c.SealingKey, AnchorFile: anchorFile, Version: version(), Policy: access,
		AdminTokens: c.InitAdmin, BackendTokens: c.InitBackend, FrontendTokens: c.InitFrontend,
		FrontendOrigins: c.FrontendOrigins, EdgeClientSecret: c.EdgeSecret, Retention: c.Retention, Logger: log,
		AuditStreams: c.AuditStreams, PrometheusURL: c.PrometheusURL, EvidenceUnits: c.EvidenceUnits, Providers: providers, PublicURL: c.PublicURL, SSOOnly: c.SSOOnly,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "lockflight is serving at", a.URL())
	if link := a.SetupURL(); link != "" {
		fmt.Fprintln(s.out, "no admin token yet; make it here, once:", link)
	}
	err = a.Run(ctx)
	log.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "stopped")
	return err
}
