package ofrep

import (
	"net/http"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// The error codes of OpenFeature that are sent here.
const (
	codeParse        = "PARSE_ERROR"
	codeContext      = "INVALID_CONTEXT"
	codeFlagNotFound = "FLAG_NOT_FOUND"
	codeGeneral      = "GENERAL"
)

// failure is evaluationFailure, bulkEvaluationFailure and generalErrorResponse
// of the protocol in one: what does not apply is left out.
type failure struct {
	Key          string `json:"key,omitempty"`
	ErrorCode    string `json:"errorCode,omitempty"`
	ErrorDetails string `json:"errorDetails"`
}

// render is the httpapi.Renderer of the protocol. It knows 400, 401, 403, 404,
// 429 and 500 alone: whatever is wrong with a body is a 400.
func render(w http.ResponseWriter, r *http.Request, err *control.Error) {
	status := httpapi.Status(err)
	f := failure{ErrorDetails: err.Error(), Key: r.PathValue("key")}
	switch {
	case status == http.StatusNotFound && f.Key != "":
		f.ErrorCode = codeFlagNotFound
	case status == http.StatusNotFound:
		f.ErrorCode = codeGeneral
	case err.Kind == control.Invalid || err.Kind == control.TooLarge:
		status, f.ErrorCode = http.StatusBadRequest, codeParse
		if strings.HasPrefix(err.Field, "context") {
			f.ErrorCode = codeContext
		}
	}
	_ = httpapi.WriteJSON(w, status, f)
}
