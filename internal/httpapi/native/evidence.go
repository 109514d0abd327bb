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
		return control.Invalidf("Content-Type", "must be application/x-ndjson")
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

// otlp serves one of the three OTLP signals. Its answers have OpenTelemetry's
// form, errors included.
func (a api) otlp(fn take) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		answer, answerType, err := fn(r.Context(), httpapi.CallerOf(r.Context()).Principal,
			r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding"), r.Body)
		status := http.StatusOK
		if err != nil {
			e := httpapi.Public(r.Context(), a.Logger, r.Pattern, err)
			status = httpapi.Status(e)
			maps.Copy(w.Header(), httpapi.Advice(e))
		}
		w.Header().Set("Content-Type", answerType)
		w.WriteHeader(status)
		_, _ = w.Write(answer)
		return nil
	}
}
