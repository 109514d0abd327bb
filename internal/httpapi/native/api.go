package native

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// Options is what the API serves.
type Options struct {
	Service     *control.Service
	Usage       control.UsageStore
	Live        Live
	Ingest      *evidence.Ingest
	Log         Log
	Checkpoint  func(context.Context) error // signs what is committed
	VerifierKey string                      // of the log's checkpoints
	Keys        []string                    // with those of the logs that it is a fork of; VerifierKey alone where empty
	Logger      *slog.Logger
}

// verifiers are the keys of all checkpoints that the log may have.
func (o Options) verifiers() (note.Verifiers, error) {
	if len(o.Keys) == 0 {
		return audit.Verifiers(o.VerifierKey)
	}
	return audit.Verifiers(o.Keys...)
}

// Live tells how open releases stand now, between two written verdicts.
type Live interface {
	// Latest returns the newest evaluation, false where there was none yet.
	Latest(release string) (control.Evaluation, bool)
	// Await returns when the release was evaluated or changed after mark, or
	// when ctx ends, with the new mark; after an empty one, once the release is
	// known here.
	Await(ctx context.Context, release, mark string) string
	Mark(release string) string
	// Watch returns how a release that has completed stands, false where it is
	// not watched, or was not looked at yet.
	Watch(release string) (control.WatchStatus, bool)
}

// Log is the audit log, for reading.
type Log interface {
	ViewLog(ctx context.Context, fn func(audit.FollowedLog) error) error
}

type api struct {
	Options
}

// Register adds the routes to mux. The OpenAPI document needs no token.
func Register(mux *http.ServeMux, o Options) {
	configure()
	config := huma.DefaultConfig("Lockflight", "v1")
	// The document is served by serveDocument, and bodies have no "$schema".
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.Info.Description = "Runtime control for software that AI writes and AI operates."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[gate.Duration](), reflect.TypeFor[string]())
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "apiKey", In: "header", Name: "Authorization"},
	}
	config.Security = []map[string][]string{{"token": {}}}
	h := humago.New(mux, config)
	a := api{o}
	h.UseMiddleware(a.authenticate)
	a.projects(h)
	a.environments(h)
	a.segments(h)
	a.plans(h)
	a.vocabulary(h)
	a.flags(h)
	a.flagEnvironments(h)
	a.flagParts(h)
	a.batches(h)
	a.search(h)
	a.history(h)
	a.explain(h)
	a.stale(h)
	a.incidents(h)
	a.usage(h)
	a.configuration(h)
	a.diagnosis(h)
	a.tokens(h)
	a.accounts(h)
	a.agents(h)
	a.rollbacks(h)
	a.releases(h)
	a.changes(h)
	a.accessPolicy(h)
	a.propagations(h)
	a.verdicts(h)
	a.audit(h)
	a.erasures(h)
	a.samples(h)
	for pattern, handler := range map[string]httpapi.Handler{
		"POST /api/v1/evidence":         a.observations,
		"GET /api/v1/audit/export":      a.export,
		"GET /api/v1/audit/proof/{seq}": a.proof,
	} {
		mux.Handle(pattern, httpapi.Serve(o.Logger, httpapi.WriteProblem, httpapi.Authenticate(o.Service, handler)))
	}
	for pattern, fn := range map[string]take{
		"POST /v1/traces": a.Ingest.Traces, "POST /v1/logs": a.Ingest.Logs, "POST /v1/metrics": a.Ingest.Metrics,
	} {
		mux.Handle(pattern, httpapi.Serve(o.Logger, writeStatus, httpapi.Authenticate(o.Service, a.otlp(fn))))
	}
	a.serveDocument(mux, h.OpenAPI())
	mux.Handle(everything, httpapi.Serve(o.Logger, httpapi.WriteProblem, nothing(mux)))
}

// everything is the pattern of what no other is for.
const everything = "/api/v1/"

// nothing answers for what no operation is at: 405 where one is by another
// method (RFC 9110, 15.5.6), and 404.
func nothing(mux *http.ServeMux) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := *r
			other.Method = method
			if _, pattern := mux.Handler(&other); pattern != everything {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			return control.Errorf(control.NotFound, "not_found", "there is nothing at %s", r.URL.Path)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return control.Errorf(control.NotFound, control.CodeMethod, "%s is not for %s: use %s", r.Method, r.URL.Path, strings.Join(allowed, " or "))
	}
}

// schemaName names a type in the OpenAPI document: those of other packages
// with their package before them, since there is a Flag in several.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	pkg := path.Base(t.PkgPath())
	if t.Name() == "" || pkg == "native" || pkg == "." {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}

// authenticate puts the caller into the context of a typed operation.
func (a api) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	err := httpapi.Authenticate(a.Service, func(_ http.ResponseWriter, r *http.Request) error {
		next(huma.WithContext(ctx, r.Context()))
		return nil
	})(w, r)
	if err != nil {
		a.refuse(ctx, err)
	}
}

// refuse answers in place of an operation.
func (a api) refuse(ctx huma.Context, err error) {
	r, w := humago.Unwrap(ctx)
	httpapi.WriteProblem(w, r, httpapi.Public(ctx.Context(), a.Logger, r.Pattern, err))
}

// maxBody bounds the body of a typed operation that names no other limit, in
// bytes.
const maxBody = httpapi.MiB

// route adds one operation. What fn returns as an error becomes a problem.
func route[I, O any](a api, h huma.API, op huma.Operation, fn func(context.Context, control.Principal, *I) (O, error)) {
	register(a, h, op, func(ctx context.Context, in *I) (*body[O], error) {
		out, err := fn(ctx, httpapi.CallerOf(ctx).Principal, in)
		if err != nil {
			return nil, a.problem(ctx, op, err)
		}
		return &body[O]{out}, nil
	})
}

// register adds an operation below /api/v1, with its limits.
func register[I, O any](a api, h huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	op.Path = "/api/v1" + op.Path
	op.MaxBodyBytes = cmp.Or(op.MaxBodyBytes, maxBody)
	a.hold(&op, reflect.TypeFor[I]())
	huma.Register(h, op, handler)
}

// problem is what is answered instead of what op promises.
func (a api) problem(ctx context.Context, op huma.Operation, err error) problem {
	return newProblem(httpapi.Public(ctx, a.Logger, op.Path, err))
}

// get, create, post and those below are the operations that there are.
func get(path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary}
}

func create(path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, DefaultStatus: http.StatusCreated}
}

func post(path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, DefaultStatus: http.StatusOK}
}

func put(path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodPut, Path: path, Summary: summary, DefaultStatus: http.StatusOK}
}

func patch(path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodPatch, Path: path, Summary: summary, DefaultStatus: http.StatusOK}
}

func remove(path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodDelete, Path: path, Summary: summary, DefaultStatus: http.StatusOK}
}

// body is where huma looks for a body, in and out.
type body[T any] struct{ Body T }

// none is the input of an operation that takes none, and the answer of one
// that has none.
type none struct{}
