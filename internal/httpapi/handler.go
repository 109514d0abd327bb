package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
)

// Handler answers a request, or returns why it did not and has then written
// nothing.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Renderer writes an error in the form of one API.
type Renderer func(w http.ResponseWriter, r *http.Request, err *control.Error)

// Serve makes an http.Handler that renders what h returns.
func Serve(log *slog.Logger, render Renderer, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			render(w, r, Public(r.Context(), log, r.Pattern, err))
		}
	})
}

// Public is what a client may be told of err. An Internal error goes to the
// log in full, and to the client without its details.
func Public(ctx context.Context, log *slog.Logger, route string, err error) *control.Error {
	e := classify(err)
	if e.Kind != control.Internal {
		return e
	}
	log.LogAttrs(ctx, slog.LevelError, "answering a request",
		slog.String("request_id", RequestID(ctx)), slog.String("route", route), slog.Any("error", err))
	return opaque(ctx)
}

// opaque is what a client is told of a fault of ours.
func opaque(ctx context.Context) *control.Error {
	msg := "something went wrong on the server; its log says what"
	if id := RequestID(ctx); id != "" {
		msg += ", under request id " + id
	}
	return &control.Error{Kind: control.Internal, Code: "internal", Msg: msg}
}
