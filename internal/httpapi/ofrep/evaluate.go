package ofrep

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// one answers POST /ofrep/v1/evaluate/flags/{key}.
func (a *API) one(w http.ResponseWriter, r *http.Request) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	c, err := a.subject(w, r)
	if err != nil {
		return err
	}
	key := r.PathValue("key")
	body := httpapi.NewBuffer()
	defer body.Free()
	var found bool
	if body.Bytes, found = view.AppendOne(body.Bytes, answers, key, c); !found {
		return control.Errorf(control.NotFound, "not_found", "there is no flag %q in what this token may read", key)
	}
	status := http.StatusOK
	if bytes.HasPrefix(body.Bytes, failed) {
		status = http.StatusBadRequest
	}
	return httpapi.WriteBody(w, status, body.Bytes)
}

// all answers POST /ofrep/v1/evaluate/flags, and 304 where the client has the
// same answers. The tag is of the answers and of the revision that they are of;
// where the stream is, is no part of it.
func (a *API) all(w http.ResponseWriter, r *http.Request) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	c, err := a.subject(w, r)
	if err != nil {
		return err
	}
	body := httpapi.NewBuffer()
	defer body.Free()
	b := view.Append(append(body.Bytes, `{"flags":[`...), answers, c, true)
	b = httpapi.AppendText(append(b, `],"metadata":{"flagSetId":`...), c.Environment)
	b = append(strconv.AppendInt(append(b, `,"version":"`...), view.Seq, 10), `"}`...)
	etag := httpapi.WeakETag(b)
	h := w.Header()
	h.Set("ETag", etag)
	h.Set("Cache-Control", "no-cache")
	if body.Bytes = b; httpapi.Matches(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	b = append(b, `,"eventStreams":[{"type":"sse","endpoint":{"requestUri":"`+streamPath+`?channel=`...)
	b = append(append(b, a.seal.close(httpapi.Secret(r))...), `"},"inactivityDelaySec":120}]}`...)
	body.Bytes = b
	return httpapi.WriteBody(w, http.StatusOK, b)
}

// answers is the form of an answer.
var answers = &feed.Form{Append: appendFlag, Why: true}

// failed is how an evaluationFailure begins.
var failed = []byte(`{"errorCode":`)

// appendFailure appends an evaluationFailure.
func appendFailure(b []byte, f *eval.Flag, details string) []byte {
	b = append(append(append(b, failed...), `"`+codeParse+`","errorDetails":"`...), details...)
	return append(httpapi.AppendText(append(b, `","key":`...), f.Name), '}')
}

// appendFlag appends evaluationSuccess, or evaluationFailure where the flag has
// no value that could be sent.
func appendFlag(b []byte, f *eval.Flag, d *eval.Decision) []byte {
	if d.Reason == eval.ReasonInvalid {
		return appendFailure(b, f, "the flag does not compile: the server's log says why")
	}
	start := len(b)
	b = httpapi.AppendText(append(b, `{"key":`...), f.Name)
	v := d.Variant
	switch {
	case v.FeatureEnabled && v.Enabled && v.Payload != nil:
		value := append(b, `,"value":`...)
		value, ok := appendPayload(value, v.Payload)
		if !ok {
			return appendFailure(b[:start], f, "the variant's payload is not of its type")
		}
		b = httpapi.AppendText(append(value, `,"variant":`...), v.Name)
	case carriesPayload(f):
		if v.FeatureEnabled && v.Enabled {
			b = httpapi.AppendText(append(b, `,"variant":`...), v.Name)
		}
	case !v.FeatureEnabled:
		b = append(b, `,"value":false,"variant":"off"`...)
	case v.Enabled:
		b = httpapi.AppendText(append(b, `,"value":true,"variant":`...), v.Name)
	default:
		b = append(b, `,"value":true,"variant":"on"`...)
	}
	return append(append(append(b, `,"reason":"`...), reason(d)...), `"}`...)
}

// appendPayload appends a payload as a value of its type.
func appendPayload(b []byte, p *eval.Payload) ([]byte, bool) {
	switch p.Type {
	case "json":
		compact := bytes.NewBuffer(b)
		err := json.Compact(compact, []byte(p.Value))
		return compact.Bytes(), err == nil
	case "number":
		return append(b, p.Value...), isNumber(p.Value)
	default: // string and csv
		return httpapi.AppendText(b, p.Value), true
	}
}

// isNumber reports whether s is a number as JSON writes it.
func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || '0' <= s[0] && s[0] <= '9') && json.Valid([]byte(s))
}

// carriesPayload reports whether a variant of the flag has a payload, so that
// its values are those.
func carriesPayload(f *eval.Flag) bool {
	for _, v := range f.Variants {
		if v.Payload != nil {
			return true
		}
	}
	for _, st := range f.Strategies {
		for _, v := range st.Variants {
			if v.Payload != nil {
				return true
			}
		}
	}
	return false
}

// reason returns the OpenFeature reason of a decision.
func reason(d *eval.Decision) string {
	if d.Reason == eval.ReasonDisabled {
		return "DISABLED"
	}
	switch d.Basis {
	case eval.BasisStatic:
		return "STATIC"
	case eval.BasisDefault:
		return "DEFAULT"
	case eval.BasisTargeting:
		return "TARGETING_MATCH"
	case eval.BasisSplit:
		return "SPLIT"
	}
	return "UNKNOWN"
}
