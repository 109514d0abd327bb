package unleash

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

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
	b = appendText(append(b, `{"name":`...), f.Name)
	b = strconv.AppendBool(append(b, `,"enabled":`...), v.FeatureEnabled)
	b = strconv.AppendBool(append(b, `,"impressionData":`...), f.ImpressionData)
	b = appendText(append(b, `,"variant":{"name":`...), v.Name)
	b = strconv.AppendBool(append(b, `,"enabled":`...), v.Enabled)
	if p := v.Payload; p != nil {
		b = appendText(append(b, `,"payload":{"type":`...), p.Type)
		b = append(appendText(append(b, `,"value":`...), p.Value), '}')
	}
	b = strconv.AppendBool(append(b, `,"feature_enabled":`...), v.FeatureEnabled)
	b = strconv.AppendBool(append(b, `,"featureEnabled":`...), v.FeatureEnabled)
	return append(b, `}}`...)
}

// appendText appends a JSON string. Nearly all are written as they are.
func appendText(b []byte, s string) []byte {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf }) {
		quoted, _ := json.Marshal(s) // a string always has a JSON form
		return append(b, quoted...)
	}
	return append(append(append(b, '"'), s...), '"')
}

// bodies are those that are not being written.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// writeEvaluated answers with the body that fill appends, or 304 where the
// client has it. The weak ETag is of the body alone, so that it says that the
// answers are the same, whatever changed.
func writeEvaluated(w http.ResponseWriter, r *http.Request, fill func([]byte) []byte) error {
	buffer, _ := bodies.Get().(*[]byte)
	defer bodies.Put(buffer)
	body := fill((*buffer)[:0])
	*buffer = body // what it grew to is kept for the next one
	etag := weakETag(body)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Method != http.MethodPost && matches(r.Header.Values("If-None-Match"), etag) {
		w.Header().Set("ETag", etag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeDocument(w, etag, body)
}

// weakETag is the tag of a body, with its length and its hash as in Express.
func weakETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `W/"` + strconv.FormatInt(int64(len(body)), 16) + "-" + base64.RawStdEncoding.EncodeToString(sum[:16]) + `"`
}
