package httpapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
)

// Problem is an error as RFC 9457 has it, with two members more. Title and
// Status say the same; Detail is for people, Code and Field for programs.
type Problem struct {
	Type   string `json:"type"` // about:blank: the status says it all
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code,omitempty"`  // stable, lower_snake_case
	Field  string `json:"field,omitempty"` // the JSON path of the offending input
}

// NewProblem returns the problem document of an error.
func NewProblem(err *control.Error) Problem {
	status := Status(err)
	return Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: err.Msg, Code: err.Code, Field: err.Field,
	}
}

// WriteProblem is the Renderer of the native API.
func WriteProblem(w http.ResponseWriter, _ *http.Request, err *control.Error) {
	p := NewProblem(err)
	maps.Copy(w.Header(), Advice(err))
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// Advice is the headers that tell a client what to do about an error: when to
// try again (Retry-After: RFC 9110, 10.2.3), or how to authenticate.
func Advice(err *control.Error) http.Header {
	switch err.Kind {
	case control.Limited, control.Unavailable:
		wait := cmp.Or(err.Retry, control.RetryAfter)
		return http.Header{"Retry-After": {strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))}}
	case control.Unauthenticated:
		return http.Header{"Www-Authenticate": {"Bearer"}}
	default:
		return nil
	}
}

// WriteJSON answers with a document.
func WriteJSON(w http.ResponseWriter, status int, doc any) error {
	body, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone where it fails
	return nil
}
