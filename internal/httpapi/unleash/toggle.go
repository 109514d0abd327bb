package unleash

import (
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// toggle is the form of an answer of the frontend API.
var toggle = &feed.Form{Append: appendToggle}

// appendToggle appends Unleash's frontendApiFeatureSchema. featureEnabled is
// the name that feature_enabled had.
func appendToggle(b []byte, f *eval.Flag, d *eval.Decision) []byte {
	v := d.Variant
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
