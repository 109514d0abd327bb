package control

import "time"

// KindContextField is the kind of a ContextField, whose key is its name.
const KindContextField ResourceKind = "context_field"

// ContextField is a field of the context that applications evaluate flags
// with.
type ContextField struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Stickiness  bool         `json:"stickiness"` // may decide who is in a rollout
	SortOrder   int          `json:"sortOrder"`
	LegalValues []LegalValue `json:"legalValues,omitempty"` // none: any value may be compared with
	CreatedAt   time.Time    `json:"createdAt"`
}

// LegalValue is one value that constraints may compare a field with.
type LegalValue struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}
