package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// outcomeFields are those in which a wrong type is a wrong value, and the line
// an observation all the same.
var outcomeFields = []string{"id", "case", "pass", "value", "na", "severity", "case_class", "evaluator", "aggregate", "identity"}

// line takes one observation as it was sent. What the server writes itself
// (received_at) is not taken from outside.
func (b *batch) line(line []byte) *refusal {
	if len(line) > MaxLine {
		return &refusal{cause: gate.Malformed, msg: fmt.Sprintf("the line is longer than %d bytes", MaxLine)}
	}
	o, ref := b.parseLine(line)
	if ref != nil {
		return ref
	}
	if !o.ReceivedAt.IsZero() {
		o.ReceivedAt = time.Time{}
		line = nil
	}
	return b.accept(&o, line)
}

// parseLine reads a line strictly: to a sender an unknown key is a fault,
// though the gate, which reads evidence of other versions, forgives it.
func (b *batch) parseLine(line []byte) (gate.Observation, *refusal) {
	o, plain, err := b.reader.Read(line)
	if err == nil && !plain {
		err = knownFields(line)
	}
	if err == nil {
		return o, nil
	}
	ref := &refusal{cause: gate.Malformed, msg: err.Error()}
	if fe, ok := errors.AsType[*gate.FieldError](err); ok {
		ref.field, ref.msg = fe.Field, fe.Msg
	}
	if ref.field == "" {
		ref.field = brokenField(line)
	}
	if slices.Contains(outcomeFields, ref.field) {
		ref.cause = gate.BadValue
	}
	return o, ref
}

// knownFields returns an error that names a key which no observation has.
func knownFields(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	err := dec.Decode(&gate.Observation{})
	if err == nil {
		return nil
	}
	// encoding/json has no type for this error; its text ends in the key.
	if key, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &gate.FieldError{Field: strings.Trim(key, `"`), Msg: "is not a field of an observation"}
	}
	return err
}

// brokenField returns the last key before a line stops being JSON, such as
// the one whose value is NaN; "" where it stops outside of the object.
func brokenField(line []byte) string {
	dec := json.NewDecoder(bytes.NewReader(line))
	key, depth, atKey := "", 0, false
	for {
		tok, err := dec.Token()
		if err != nil && depth == 0 {
			return ""
		}
		if err != nil {
			return key
		}
		switch tok := tok.(type) {
		case json.Delim:
			depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[tok]
		case string:
			if depth == 1 && atKey {
				key, atKey = tok, false
				continue
			}
		}
		atKey = depth == 1
	}
}
