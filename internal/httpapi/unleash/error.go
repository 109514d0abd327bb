package unleash

import (
	"errors"
	"net/http"
	"strings"

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

	*signInDoc
}

// signInDoc says where a person may sign in, whose request has no token.
type signInDoc struct {
	Type          string `json:"type"`
	Path          string `json:"path"`
	DefaultHidden bool   `json:"defaultHidden"`
}

type detail struct {
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
}

// render is the httpapi.Renderer of Unleash's errors.
func render(w http.ResponseWriter, r *http.Request, err *control.Error) {
	status := httpapi.Status(err)
	if after := httpapi.Advice(err).Get("Retry-After"); after != "" {
		w.Header().Set("Retry-After", after)
	}
	f := failure{ID: uuid.NewString(), Name: errorName(err.Kind), Message: err.Error(), Details: []detail{{Message: err.Error(), Path: err.Field}}}
	if other, known := otherwise[err.Code]; known {
		status, f.Name = other.status, other.name
	}
	switch {
	case status == http.StatusUnsupportedMediaType:
		f.Name = "ContentTypeError"
	case err.Code == "no_token" && strings.HasPrefix(r.URL.Path, adminPath):
		f.Name, f.signInDoc = "AuthenticationRequired", &signInDoc{Type: "password", Path: "/auth/simple/login"}
	case err.Kind == control.Denied && err.Field != "":
		f.Permissions, f.Details[0].Path = []string{err.Field}, ""
	case err.Code == "wrong_token_type", err.Kind == control.Unauthenticated && !strings.HasPrefix(r.URL.Path, adminPath):
		_ = httpapi.WriteJSON(w, status, struct {
			Message string `json:"message"`
		}{f.Message})
		return
	}
	_ = httpapi.WriteJSON(w, status, f)
}

// otherwise is what Unleash makes of failures that are of another kind here.
var otherwise = map[string]struct {
	status int
	name   string
}{
	"not_a_parent":  {http.StatusForbidden, "InvalidOperationError"},
	"has_children":  {http.StatusForbidden, "InvalidOperationError"},
	"flag_archived": {http.StatusBadRequest, "ArchivedFeatureError"},
	"no_segment":    {http.StatusNotFound, "NotFoundError"},
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
	case control.Proposed:
		return "ChangeRequestCreated"
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

// as returns err as a failure of a kind, where it has the code.
func as(kind control.Kind, code string, err error) error {
	var e *control.Error
	if !errors.As(err, &e) || e.Code != code {
		return err
	}
	moved := *e
	moved.Kind = kind
	return &moved
}
