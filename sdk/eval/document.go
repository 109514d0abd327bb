package eval

import "encoding/json"

// Snapshot is one environment's flags and segments: the Unleash client
// features document (GET /api/client/features), and the engine's input.
// A nil list marshals as null, where Unleash's clients expect []: whoever
// builds a document for them leaves no list nil.
type Snapshot struct {
	Version  int             `json:"version"`
	Features []Flag          `json:"features"`
	Segments []Segment       `json:"segments,omitempty"`
	Query    json.RawMessage `json:"query,omitempty"`
	Meta     *Meta           `json:"meta,omitempty"`
}

// Meta says which revision of the configuration a Snapshot holds.
type Meta struct {
	RevisionID int64  `json:"revisionId"`
	ETag       string `json:"etag"`
	QueryHash  string `json:"queryHash"`
}

// Flag is one flag as one environment serves it. One that is enabled and has
// no strategy is on for everybody.
type Flag struct {
	Name           string            `json:"name"`
	Type           string            `json:"type,omitempty"`
	Description    string            `json:"description,omitempty"`
	Enabled        bool              `json:"enabled"`
	Project        string            `json:"project,omitempty"`
	Stale          bool              `json:"stale"`
	ImpressionData bool              `json:"impressionData"`
	Strategies     []Strategy        `json:"strategies"`
	Variants       []WeightedVariant `json:"variants"`
	Dependencies   []Dependency      `json:"dependencies,omitempty"`
}

// Strategy turns a flag on for the contexts that it matches. A release's own
// strategy carries the parameter "release", its id, which other SDKs ignore.
type Strategy struct {
	Name        string            `json:"name"`
	Constraints []Constraint      `json:"constraints"`
	Parameters  Parameters        `json:"parameters"`
	Segments    []int             `json:"segments,omitempty"`
	Variants    []WeightedVariant `json:"variants,omitempty"`
}

// Parameters are the settings of a strategy, all of them text: a rollout of
// half of the subjects is "50".
type Parameters map[string]string

// Constraint compares one context field with Value or Values, whichever its
// operator reads.
type Constraint struct {
	ContextName     string   `json:"contextName"`
	Operator        string   `json:"operator"`
	Values          []string `json:"values"`
	Value           string   `json:"value,omitempty"`
	CaseInsensitive bool     `json:"caseInsensitive,omitempty"`
	Inverted        bool     `json:"inverted,omitempty"`
}

// Segment is a list of constraints that strategies share by ID.
type Segment struct {
	ID          int          `json:"id"`
	Name        string       `json:"name,omitempty"`
	Constraints []Constraint `json:"constraints"`
}

// WeightedVariant is a variant that a strategy or a flag offers, as on the
// wire. Weights of one list add up to 1000 by convention; any other sum is
// taken as the whole. Variant is the answer of an evaluation.
type WeightedVariant struct {
	Name       string     `json:"name"`
	Weight     int        `json:"weight"`
	WeightType string     `json:"weightType,omitempty"`
	Stickiness string     `json:"stickiness,omitempty"`
	Payload    *Payload   `json:"payload,omitempty"`
	Overrides  []Override `json:"overrides,omitempty"`
}

// Override gives a flag variant to the contexts whose field ContextName has
// one of Values, before any hashing.
type Override struct {
	ContextName string   `json:"contextName"`
	Values      []string `json:"values"`
}

// Payload is the value that a variant carries. Type is string, number, json
// or csv; Value is always text.
type Payload struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Dependency makes a flag depend on a parent flag. Enabled absent means true.
type Dependency struct {
	Feature  string   `json:"feature"`
	Enabled  *bool    `json:"enabled,omitempty"`
	Variants []string `json:"variants,omitempty"`
}
