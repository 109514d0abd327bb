package httpapi

import (
	"encoding/json"
	"net/http"

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
	w.Header().Set("Content-Type", "application/problem+json")
	if err.Kind == control.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
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
