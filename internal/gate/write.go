package gate

import (
	"encoding/json"
	"strconv"
	"time"
)

// AppendTo appends the observation to buf as one JSON object, byte for byte as
// encoding/json writes it. Its numbers must be finite and its years have four
// digits, as those of a read one do.
func (o *Observation) AppendTo(buf []byte) []byte {
	buf = appendTime(append(buf, `{"at":`...), o.At)
	if !o.ReceivedAt.IsZero() {
		buf = appendTime(append(buf, `,"received_at":`...), o.ReceivedAt)
	}
	buf = appendIf(buf, `,"id":`, o.ID)
	buf = appendText(append(buf, `,"environment":`...), o.Environment)
	buf = appendText(append(buf, `,"flag":`...), o.Flag)
	buf = appendText(append(buf, `,"arm":`...), o.Arm)
	buf = appendText(append(buf, `,"unit":`...), o.Unit)
	buf = appendIf(buf, `,"case":`, o.Case)
	buf = appendText(append(buf, `,"build":`...), o.Build)
	buf = appendText(append(buf, `,"signal":`...), o.Signal)
	if o.Pass != nil {
		buf = strconv.AppendBool(append(buf, `,"pass":`...), *o.Pass)
	}
	if o.Value != nil {
		buf = appendJSON(append(buf, `,"value":`...), *o.Value)
	}
	if o.NA {
		buf = append(buf, `,"na":true`...)
	}
	buf = appendIf(buf, `,"severity":`, o.Severity)
	buf = appendIf(buf, `,"case_class":`, o.CaseClass)
	if o.Evaluator != nil {
		buf = appendJSON(append(buf, `,"evaluator":`...), o.Evaluator)
	}
	return append(buf, '}')
}

func appendTime(buf []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(buf, '"'), time.RFC3339Nano), '"')
}

func appendIf(buf []byte, key, text string) []byte {
	if text == "" {
		return buf
	}
	return appendText(append(buf, key...), text)
}

// appendText quotes text, by hand where that takes no escape.
func appendText(buf []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&':
			return appendJSON(buf, text)
		}
	}
	return append(append(append(buf, '"'), text...), '"')
}

// appendJSON leaves to encoding/json what is rare, and cannot fail here.
func appendJSON(buf []byte, v any) []byte {
	text, _ := json.Marshal(v)
	return append(buf, text...)
}
