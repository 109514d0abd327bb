package unleash

import (
	"iter"
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// appendToggles appends the flags that keep wants, with commas between them.
func appendToggles(b []byte, all iter.Seq2[*eval.Flag, eval.Variant], keep func(eval.Variant) bool) []byte {
	first := true
	for f, v := range all {
		if !keep(v) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		b, first = appendToggle(b, f, v), false
	}
	return b
}

// appendToggle appends Unleash's frontendApiFeatureSchema. featureEnabled is
// the name that feature_enabled had.
func appendToggle(b []byte, f *eval.Flag, v eval.Variant) []byte {
	b = httpapi.AppendText(append(b, `{"name":`...), f.Name)
	b = strconv.AppendBool(append(b, `,"enabled":`...), v.FeatureEnabled)
	b = strconv.AppendBool(append(b, `,"impressionData":`...), f.ImpressionData)
	b = httpapi.AppendText(append(b, `,"variant":{"name":`...), v.Name)
	b = strconv.AppendBool(append(b, `,"enabled":`...), v.Enabled)
	if p := v.Payload; p != nil {
		b = httpapi.AppendText(append(b, `,"payload":{"type":`...), p.Type)
		b = append(httpapi.AppendText(append(b, `,"value":`...), p.Value), '}')
	}
	b = strconv.AppendBool(append(b, `,"feature_enabled":`...), v.FeatureEnabled)
	b = strconv.AppendBool(append(b, `,"featureEnabled":`...), v.FeatureEnabled)
	return append(b, `}}`...)
}

// writeEvaluated answers with the body that fill appends, or 304 where the
// client has it. The weak ETag is of the body alone, so that it says that the
// answers are the same, whatever changed.
func writeEvaluated(w http.ResponseWriter, r *http.Request, fill func([]byte) []byte) error {
	body := httpapi.NewBuffer()
	defer body.Free()
	body.Bytes = fill(body.Bytes)
	etag := httpapi.WeakETag(body.Bytes)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Method != http.MethodPost && httpapi.Matches(r.Header.Values("If-None-Match"), etag) {
		w.Header().Set("ETag", etag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeDocument(w, etag, body.Bytes)
}
