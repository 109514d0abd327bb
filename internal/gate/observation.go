package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// The arms of a release.
const (
	Treatment = "treatment"
	Control   = "control"
)

// Critical is the severity of a critical event.
const Critical = "critical"

// Observation is one line of native evidence: a unit was exposed to an arm, or
// one of its cases had an outcome.
type Observation struct {
	At          time.Time  `json:"at"`                   // when it happened
	ReceivedAt  time.Time  `json:"received_at,omitzero"` // written by the server; zero: as At
	ID          string     `json:"id,omitempty"`         // repeats of an id are dropped
	Environment string     `json:"environment"`
	Flag        string     `json:"flag"`
	Arm         string     `json:"arm"`             // Treatment or Control
	Unit        string     `json:"unit"`            // what decides the arm
	Case        string     `json:"case,omitempty"`  // what yields one outcome; empty: the unit
	Build       string     `json:"build"`           // what served it
	Signal      string     `json:"signal"`          // exposure, or a name of the policy
	Pass        *bool      `json:"pass,omitempty"`  // the outcome of a rate
	Value       *float64   `json:"value,omitempty"` // the outcome of a quantile, in the signal's unit
	NA          bool       `json:"na,omitempty"`    // the signal does not apply to this case
	Severity    string     `json:"severity,omitempty"`
	CaseClass   string     `json:"case_class,omitempty"`
	Evaluator   *Evaluator `json:"evaluator,omitempty"`
	Aggregate   *Aggregate `json:"aggregate,omitempty"` // of many cases, in place of an outcome; Unit is its series

	Identity *CaseIdentity `json:"identity,omitempty"` // of what answered
}

// Evaluator is who judged an outcome.
type Evaluator struct {
	ID      string `json:"id,omitempty"`
	Version string `json:"version,omitempty"`
	Kind    string `json:"kind,omitempty"` // code, llm or human
}

// ParseObservation reads one observation from JSON and checks what can be
// checked without a policy. The error is a *FieldError. Unknown keys are
// ignored, so that emitters may be newer than the server.
func ParseObservation(data []byte) (Observation, error) {
	var r Reader
	o, _, err := r.Read(data)
	return o, err
}

// received returns when the line counts as received.
func (o *Observation) received() time.Time {
	if o.ReceivedAt.IsZero() {
		return o.At
	}
	return o.ReceivedAt
}

// isOutcome says whether the line is one, and not an exposure.
func (o *Observation) isOutcome() bool { return o.Signal != exposureSignal }

// IsCritical says whether the line reports a critical event of the treatment.
func (o *Observation) IsCritical() bool {
	return o.Signal == safetySignal && o.Severity == Critical && o.Arm == Treatment
}

// wellFormed returns what makes a line malformed: without these it is no
// observation at all.
func (o *Observation) wellFormed() error {
	return firstFault([]check{
		{!o.At.IsZero(), "at", "want a time, RFC 3339 with a zone"},
		{o.Environment != "", "environment", "must not be empty"},
		{o.Flag != "", "flag", "must not be empty"},
		{o.Unit != "", "unit", "must not be empty"},
		{o.Build != "", "build", "must not be empty"},
		{o.Signal != "", "signal", "must not be empty"},
		{oneOf(o.Arm, Treatment, Control), "arm", "want treatment or control"},
	})
}

// validate returns what is wrong with a well-formed line, as far as can be
// said without a policy.
func (o *Observation) validate() error {
	return firstFault([]check{
		{!o.isOutcome() || o.Pass != nil || o.Value != nil || o.NA || o.Aggregate != nil, "pass", "want an outcome: pass, value or na"},
		{o.isOutcome() || o.Aggregate == nil, "aggregate", "an exposure is of one unit"},
		{o.Value == nil || isMargin(*o.Value), "value", "want 0 or more"},
		{o.Severity != Critical || o.Pass != nil && !*o.Pass, "severity", "critical needs pass: false"},
	})
}

// observationFile is an observation before its optional fields are read: a
// wrong type there is a wrong value, and not a malformed line.
type observationFile struct {
	At          string          `json:"at"`
	ReceivedAt  *string         `json:"received_at"`
	ID          json.RawMessage `json:"id"`
	Environment string          `json:"environment"`
	Flag        string          `json:"flag"`
	Arm         string          `json:"arm"`
	Unit        string          `json:"unit"`
	Case        json.RawMessage `json:"case"`
	Build       string          `json:"build"`
	Signal      string          `json:"signal"`
	Pass        json.RawMessage `json:"pass"`
	Value       json.RawMessage `json:"value"`
	NA          json.RawMessage `json:"na"`
	Severity    json.RawMessage `json:"severity"`
	CaseClass   json.RawMessage `json:"case_class"`
	Evaluator   json.RawMessage `json:"evaluator"`
	Aggregate   json.RawMessage `json:"aggregate"`
	Identity    json.RawMessage `json:"identity"`
}

// readObservation reads a line. err says that it is malformed; wrong names an
// optional field of a wrong type, which then counts as absent.
func readObservation(data []byte) (o Observation, wrong, err error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' {
		return o, nil, wrongField("", "want a JSON object")
	}
	var f observationFile
	if err := json.Unmarshal(data, &f); err != nil {
		return o, nil, typeFault(err)
	}
	o = Observation{
		Environment: f.Environment, Flag: f.Flag, Arm: f.Arm, Unit: f.Unit, Build: f.Build, Signal: f.Signal,
	}
	if o.At, err = parseTime("at", f.At); err != nil {
		return o, nil, err
	}
	if f.ReceivedAt != nil {
		if o.ReceivedAt, err = parseTime("received_at", *f.ReceivedAt); err != nil {
			return o, nil, err
		}
	}
	if err := o.wellFormed(); err != nil {
		return o, nil, err
	}
	o.ID = optional[string]("id", "want a string", f.ID, &wrong)
	o.Case = optional[string]("case", "want a string", f.Case, &wrong)
	o.Pass = optional[*bool]("pass", "want true or false", f.Pass, &wrong)
	o.Value = optional[*float64]("value", "want a number", f.Value, &wrong)
	o.NA = optional[bool]("na", "want true or false", f.NA, &wrong)
	o.Severity = optional[string]("severity", "want a string", f.Severity, &wrong)
	o.CaseClass = optional[string]("case_class", "want a string", f.CaseClass, &wrong)
	o.Identity = optional[*CaseIdentity]("identity", "want {model, prompt, tools, index}", f.Identity, &wrong)
	o.Evaluator = optional[*Evaluator]("evaluator", "want {id, version, kind}", f.Evaluator, &wrong)
	o.Aggregate = optional[*Aggregate]("aggregate", "want {from, n, ...}", f.Aggregate, &wrong)
	return o, wrong, nil
}

// optional reads a field that may be absent. Of a wrong type it counts as
// absent, and the first such field is kept in wrong.
func optional[T any](name, want string, raw json.RawMessage, wrong *error) T {
	var v, absent T
	if len(raw) == 0 {
		return absent
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		if *wrong == nil {
			*wrong = wrongField(name, want)
		}
		return absent
	}
	return v
}

// parseTime reads RFC 3339 with a zone.
func parseTime(field, s string) (time.Time, error) {
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil {
		return t, wrongField(field, "want a time, RFC 3339 with a zone, have "+strconv.Quote(s))
	}
	return t, nil
}

// typeFault names the field of an error of encoding/json.
func typeFault(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrongField(e.Field, "want a "+e.Type.String()+", have a "+e.Value)
	}
	return wrongField("", "not JSON: "+err.Error())
}
