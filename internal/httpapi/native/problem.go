package native

import (
	"cmp"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// problem is an error answer, as huma takes it.
type problem struct{ httpapi.Problem }

// Error returns what is told to people.
func (p problem) Error() string { return p.Detail }

// GetStatus is asked for by huma.
func (p problem) GetStatus() int { return p.Status }

// ContentType is asked for by huma.
func (p problem) ContentType(string) string { return "application/problem+json" }

// useProblems makes huma answer its own faults, such as a body that does not
// match its schema, in the form that httpapi has for all. huma keeps the
// function for that in a variable of its package.
var useProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		e := &control.Error{Kind: control.Invalid, Code: "invalid", Msg: msg}
		switch status {
		case http.StatusRequestEntityTooLarge:
			e.Kind, e.Code = control.TooLarge, "too_large"
		case http.StatusInternalServerError:
			e.Kind, e.Code = control.Internal, "internal"
		}
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok { //nolint:errorlint // huma passes them unwrapped
				detail := d.ErrorDetail()
				e.Field = cmp.Or(strings.TrimPrefix(detail.Location, "body."), "body")
				e.Msg = detail.Message
				break
			}
			if err != nil {
				e.Msg += ": " + err.Error()
			}
		}
		return problem{httpapi.NewProblem(e)}
	}
})
