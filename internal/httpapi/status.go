package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
)

// Status is the one mapping from a kind of failure to an HTTP status.
func Status(err *control.Error) int {
	switch err.Kind {
	case control.Invalid:
		if err.Code == control.CodeMediaType {
			return http.StatusUnsupportedMediaType
		}
		return http.StatusBadRequest
	case control.Unauthenticated:
		return http.StatusUnauthorized
	case control.Denied:
		return http.StatusForbidden
	case control.NotFound:
		if err.Code == control.CodeMethod {
			return http.StatusMethodNotAllowed
		}
		return http.StatusNotFound
	case control.Conflict:
		if err.Code == control.CodePrecondition {
			return http.StatusPreconditionFailed
		}
		return http.StatusConflict
	case control.Exists:
		return http.StatusConflict
	case control.TooLarge:
		return http.StatusRequestEntityTooLarge
	case control.Limited:
		return http.StatusTooManyRequests
	case control.Unavailable:
		return http.StatusServiceUnavailable
	case control.Proposed:
		return http.StatusAccepted
	case control.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// classify returns the control.Error in err. What has none is Internal, except
// that a request whose time ran out is told to try again.
func classify(err error) *control.Error {
	var e *control.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &control.Error{Kind: control.Unavailable, Code: "interrupted", Msg: "the request was not finished in time"}
	}
	return &control.Error{Kind: control.Internal, Code: "internal", Err: err}
}
