package gate

import (
	"encoding/json"
	"strconv"
	"time"
)

// Writer writes observations, one after another, as a Reader reads them: what
// one has in common with the one before is not looked at again. The zero
// Writer is ready; it is not safe for concurrent use.
type Writer struct {
	plain  [10]string // texts that take no escape, by their place in a line
	second int64      // of date, seconds since 1970
	date   [len("2006-01-02T15:04:05")]byte
}

// AppendTo is Writer.Append of one observation alone.
func (o *Observation) AppendTo(buf []byte) []byte {
	var w Writer
	return w.Append(buf, o)
}

// Append appends an observation to buf as one JSON object, byte for byte as
// encoding/json writes it. Its numbers must be finite and its years have four
// digits, as those of a read one do.
func (w *Writer) Append(buf []byte, o *Observation) []byte {
	buf = w.appendTime(append(buf, `{"at":`...), o.At)
	if !o.ReceivedAt.IsZero() {
		buf = w.appendTime(append(buf, `,"received_at":`...), o.ReceivedAt)
	}
	for i, f := range [...]struct {
		key, text string
		always    bool
	}{
		{`,"id":`, o.ID, false},
		{`,"environment":`, o.Environment, true},
		{`,"flag":`, o.Flag, true},
		{`,"arm":`, o.Arm, true},
		{`,"unit":`, o.Unit, true},
		{`,"case":`, o.Case, false},
		{`,"build":`, o.Build, true},
		{`,"signal":`, o.Signal, true},
	} {
		if f.always || f.text != "" {
			buf = w.appendText(append(buf, f.key...), i, f.text)
		}
	}
	if o.Pass != nil {
		buf = strconv.AppendBool(append(buf, `,"pass":`...), *o.Pass)
	}
	if o.Value != nil {
		buf = appendJSON(append(buf, `,"value":`...), *o.Value)
	}
	if o.NA {
		buf = append(buf, `,"na":true`...)
	}
	if o.Severity != "" {
		buf = w.appendText(append(buf, `,"severity":`...), 8, o.Severity)
	}
	if o.CaseClass != "" {
		buf = w.appendText(append(buf, `,"case_class":`...), 9, o.CaseClass)
	}
	if o.Evaluator != nil {
		buf = appendJSON(append(buf, `,"evaluator":`...), o.Evaluator)
	}
	if o.Aggregate != nil {
		buf = appendJSON(append(buf, `,"aggregate":`...), o.Aggregate)
	}
	if o.Identity != nil {
		buf = appendJSON(append(buf, `,"identity":`...), o.Identity)
	}
	return append(buf, '}')
}

// appendTime appends a quoted time as time.RFC3339Nano has it. The second is
// formatted once for all that lie in it.
func (w *Writer) appendTime(buf []byte, t time.Time) []byte {
	buf = append(buf, '"')
	if t.Location() != time.UTC {
		return append(t.AppendFormat(buf, time.RFC3339Nano), '"')
	}
	if s := t.Unix(); s != w.second || w.date[0] == 0 {
		w.second = s
		t.AppendFormat(w.date[:0], "2006-01-02T15:04:05")
	}
	buf = append(buf, w.date[:]...)
	if ns := t.Nanosecond(); ns != 0 {
		buf = appendFraction(buf, ns)
	}
	return append(buf, 'Z', '"')
}

// appendFraction appends a point and the digits of ns billionths, without the
// zeros at the end.
func appendFraction(buf []byte, ns int) []byte {
	digits := [...]byte{'.', '0', '0', '0', '0', '0', '0', '0', '0', '0'}
	last := 0
	for i := len(digits) - 1; i > 0; i, ns = i-1, ns/10 {
		digits[i] = byte('0' + ns%10)
		if last == 0 && digits[i] != '0' {
			last = i
		}
	}
	return append(buf, digits[:last+1]...)
}

// appendText quotes the text in place i, by hand where that takes no escape.
func (w *Writer) appendText(buf []byte, i int, text string) []byte {
	if w.plain[i] != text {
		if !isPlain(text) {
			return appendJSON(buf, text)
		}
		w.plain[i] = text
	}
	return append(append(append(buf, '"'), text...), '"')
}

// isPlain says whether encoding/json writes text as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&':
			return false
		}
	}
	return true
}

// appendJSON leaves to encoding/json what is rare, and cannot fail here.
func appendJSON(buf []byte, v any) []byte {
	text, _ := json.Marshal(v)
	return append(buf, text...)
}
