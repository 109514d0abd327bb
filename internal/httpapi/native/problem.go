package native

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// problem is an error answer, as huma takes it.
type problem struct {
	httpapi.Problem
	header http.Header
}

func newProblem(err *control.Error) problem {
	return problem{httpapi.NewProblem(err), httpapi.Advice(err)}
}

// GetHeaders is asked for by huma.
func (p problem) GetHeaders() http.Header { return p.header }

// Error returns what is told to people.
func (p problem) Error() string { return p.Detail }

// GetStatus is asked for by huma.
func (p problem) GetStatus() int { return p.Status }

// ContentType is asked for by huma.
func (p problem) ContentType(string) string { return "application/problem+json" }

// configure makes huma answer its own faults, such as a body that does not
// match its schema, in the form that httpapi has for all, and take no null for
// a list. huma keeps both in variables of its package.
var configure = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		e := &control.Error{Kind: control.Invalid, Code: "invalid", Field: "body", Msg: msg}
		switch status {
		case http.StatusRequestEntityTooLarge:
			e.Kind, e.Code, e.Field = control.TooLarge, "too_large", "body"
		case http.StatusUnsupportedMediaType:
			e.Code, e.Msg = control.CodeMediaType, "must be application/json"
			e.Field, errs = "Content-Type", nil
		case http.StatusInternalServerError:
			e.Kind, e.Code = control.Internal, "internal"
		}
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok {
				e.Field, e.Msg = explain(d.ErrorDetail())
				break
			}
			if err != nil {
				e.Msg += ": " + err.Error()
			}
		}
		return newProblem(e)
	}
})

// absent is how huma says, of the object around it, that a key is missing.
var absent = regexp.MustCompile(`^expected required property (.+) to be present$`)

// explain returns the field that a detail of huma is about, and what is wrong
// with it.
func explain(d *huma.ErrorDetail) (field, msg string) {
	path := strings.Split(d.Location, ".")
	switch path[0] {
	case "body", "path", "query":
		path = path[1:]
	}
	msg = d.Message
	if m := absent.FindStringSubmatch(msg); m != nil {
		path, msg = append(path, m[1]), "is required"
	}
	return cmp.Or(strings.Join(path, "."), "body"), msg
}
