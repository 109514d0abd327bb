package native

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// located is the input of an operation on one entity.
type located interface {
	entity() control.Entity
}

// tagged is an answer with the entity tag of what it shows (RFC 9110, 8.8.3).
type tagged[O any] struct {
	ETag string `header:"ETag"`
	Body O
}

// read adds an operation that shows an entity, with its tag, and not again to
// whom has it.
func read[I located, O any](a api, h huma.API, op huma.Operation, fn func(context.Context, control.Principal, *I) (O, error)) {
	conditional(&op, "If-None-Match", "answer 304 where the entity tag is one of these still")
	show(a, h, op, fn)
}

// show adds an operation that shows an entity, with its tag, and more than that
// stands for. The tag is read first, so that it is never of something newer.
func show[I located, O any](a api, h huma.API, op huma.Operation, fn func(context.Context, control.Principal, *I) (O, error)) {
	register(a, h, op, func(ctx context.Context, in *I) (*tagged[O], error) {
		version, err := a.Service.Version(ctx, (*in).entity())
		if err != nil {
			return nil, a.problem(ctx, op, err)
		}
		out, err := fn(ctx, httpapi.CallerOf(ctx).Principal, in)
		if err != nil {
			return nil, a.problem(ctx, op, err)
		}
		if seen := versionsOf(ctx); slices.Contains(seen, version) || slices.Contains(seen, "*") {
			return nil, problem{httpapi.Problem{Status: http.StatusNotModified}, http.Header{"Etag": {quoted(version)}}}
		}
		return &tagged[O]{quoted(version), out}, nil
	})
}

// write adds an operation that changes an entity, by a Service that does so
// only where the entity is what If-Match says.
func write[I located, O any](a api, h huma.API, op huma.Operation, fn func(context.Context, *control.Service, control.Principal, *I) (O, error)) {
	conditional(&op, "If-Match", "do it only where the entity tag is one of these; always where absent")
	register(a, h, op, func(ctx context.Context, in *I) (*tagged[O], error) {
		g := &control.Guard{Entity: (*in).entity(), Seen: versionsOf(ctx)}
		out, err := fn(ctx, a.Service.Guarded(g), httpapi.CallerOf(ctx).Principal, in)
		if err != nil {
			return nil, a.problem(ctx, op, err)
		}
		return &tagged[O]{quoted(g.Now), out}, nil
	})
}

type versionsKey struct{}

// conditional lets an operation look at a header of entity tags.
func conditional(op *huma.Operation, header, doc string) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: header, In: "header", Description: doc, Schema: &huma.Schema{Type: huma.TypeString},
	})
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithValue(ctx, versionsKey{}, versions(ctx.Header(header))))
	})
}

func versionsOf(ctx context.Context) []string {
	seen, _ := ctx.Value(versionsKey{}).([]string)
	return seen
}

// versions reads a list of entity tags. Their versions have no comma, and a W/
// makes no difference: what is compared is the version of what is stored.
func versions(header string) []string {
	var out []string
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`); tag != "" {
			out = append(out, tag)
		}
	}
	return out
}

func quoted(version string) string { return `"` + version + `"` }
