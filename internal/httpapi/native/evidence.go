package native

import (
	"context"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// observations takes native evidence. Its body is not one document, so the
// typed layer has no part in it.
func (a api) observations(w http.ResponseWriter, r *http.Request) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-ndjson" && media != "application/ndjson" {
		return httpapi.WrongMedia("application/x-ndjson")
	}
	source, sequence := r.Header.Get("Lockflight-Source"), int64(0)
	if text := r.Header.Get("Lockflight-Sequence"); text != "" {
		if sequence, err = strconv.ParseInt(text, 10, 64); err != nil || sequence < 1 {
			return control.Invalidf("Lockflight-Sequence", "%q is not a number from 1 on", text)
		}
	}
	result, err := a.Ingest.NDJSON(r.Context(), httpapi.CallerOf(r.Context()).Principal, source, sequence, r.Body)
	if err != nil {
		return err
	}
	if result.Rejected == nil {
		result.Rejected = []evidence.Rejected{}
	}
	return httpapi.WriteJSON(w, http.StatusAccepted, result)
}

// take is what evidence.Ingest does with one OTLP request.
type take func(ctx context.Context, p control.Principal, contentType, contentEncoding string, body io.Reader) (answer []byte, answerType string, err error)

// otlp serves one of the three OTLP signals.
func (a api) otlp(fn take) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		answer, answerType, err := fn(r.Context(), httpapi.CallerOf(r.Context()).Principal,
			r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding"), r.Body)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", answerType)
		_, _ = w.Write(answer)
		return nil
	}
}

// writeStatus is the Renderer of OTLP: a google.rpc.Status in the encoding of
// the request, whatever is wrong.
func writeStatus(w http.ResponseWriter, r *http.Request, err *control.Error) {
	answer, answerType := evidence.Failure(err, r.Header.Get("Content-Type"))
	maps.Copy(w.Header(), httpapi.Advice(err))
	w.Header().Set("Content-Type", answerType)
	w.WriteHeader(httpapi.Status(err))
	_, _ = w.Write(answer)
}
