package unleash

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// failure is the body of an error, as Unleash's clients read it.
type failure struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Message     string   `json:"message"`
	Details     []detail `json:"details,omitempty"`
	Permissions []string `json:"permissions,omitempty"`
}

type detail struct {
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
}

// render is the httpapi.Renderer of Unleash's errors.
func render(w http.ResponseWriter, _ *http.Request, err *control.Error) {
	status := httpapi.Status(err)
	f := failure{ID: uuid.NewString(), Name: errorName(err.Kind), Message: err.Error()}
	switch {
	case status == http.StatusUnsupportedMediaType:
		f.Name = "ContentTypeError"
	case err.Kind == control.Denied && err.Field != "":
		f.Permissions = []string{err.Field}
	case err.Field != "":
		f.Details = []detail{{Message: err.Error(), Path: err.Field}}
	}
	_ = httpapi.WriteJSON(w, status, f)
}

// errorName is what Unleash calls a kind of failure.
func errorName(kind control.Kind) string {
	switch kind {
	case control.Invalid:
		return "BadDataError"
	case control.Unauthenticated:
		return "UnauthorizedError"
	case control.Denied:
		return "PermissionError"
	case control.NotFound:
		return "NotFoundError"
	case control.Exists:
		return "NameExistsError"
	case control.Conflict:
		return "ConflictError"
	case control.TooLarge:
		return "PayloadTooLargeError"
	case control.Limited:
		return "RateLimitError"
	case control.Unavailable:
		return "UnavailableError"
	case control.Internal:
		return "InternalError"
	}
	return "InternalError"
}

// notKept refuses a value that has no place here yet. What a client sends is
// kept or refused, never dropped.
func notKept(field string) error {
	return control.Invalidf(field, "is not kept by this server; leave it out")
}

// refield returns err with its Field as rename has it, where it names one: what
// control calls something is not always what the body calls it.
func refield(err error, rename func(field string) string) error {
	var e *control.Error
	if !errors.As(err, &e) || e.Field == "" || e.Kind == control.Denied {
		return err
	}
	moved := *e
	moved.Field = rename(e.Field)
	return &moved
}
