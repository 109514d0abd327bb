package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// Source is what was read of an Unleash. A file has no environments and no
// projects of its own, and knows segments by name alone; a running server tells
// all.
type Source struct {
	Environments []control.EnvironmentSpec
	Projects     []control.ProjectSpec
	Segments     []Segment  // with their constraints
	Strategies   []Strategy // custom ones, which SDKs must bring with them
	Exports      []Export   // one for each environment, and project of a server
	Losses       []Loss     // of what the reading itself could not carry
}

// Segment is a segment with its constraints, or a name where a file has only
// that.
type Segment struct {
	ID          int               `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Project     string            `json:"project,omitempty"`
	Constraints []eval.Constraint `json:"constraints"`
}

// Strategy is the definition of a custom strategy.
type Strategy struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Editable    bool            `json:"editable,omitempty"` // false for Unleash's own
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

// Export is the answer of POST /api/admin/features-batch/export, which is what
// an export file holds: flags with their configuration in one environment.
type Export struct {
	Features            []Feature            `json:"features"`
	FeatureStrategies   []FeatureStrategy    `json:"featureStrategies"`
	FeatureEnvironments []FeatureEnvironment `json:"featureEnvironments"`
	ContextFields       []control.FieldSpec  `json:"contextFields"`
	FeatureTags         []FeatureTag         `json:"featureTags"`
	Segments            []Segment            `json:"segments"`
	TagTypes            []control.TagType    `json:"tagTypes"`
	Dependencies        []FeatureParents     `json:"dependencies"`
	Links               []FeatureLinks       `json:"links"`
}

// Feature is a flag.
type Feature struct {
	Name           string `json:"name"`
	Description    string `json:"description"`
	Type           string `json:"type"`
	Project        string `json:"project"`
	Stale          bool   `json:"stale"`
	ImpressionData bool   `json:"impressionData"`
	Archived       bool   `json:"archived"`
}

// FeatureStrategy is a strategy of a flag in the environment of its Export.
type FeatureStrategy struct {
	FeatureName string                 `json:"featureName"`
	Name        string                 `json:"name"`
	Title       string                 `json:"title"`
	Disabled    bool                   `json:"disabled"`
	SortOrder   int                    `json:"sortOrder"`
	Parameters  eval.Parameters        `json:"parameters"`
	Constraints []eval.Constraint      `json:"constraints"`
	Segments    []int                  `json:"segments"`
	Variants    []eval.WeightedVariant `json:"variants"`
}

// FeatureEnvironment is the switch of a flag in an environment, and its
// variants there.
type FeatureEnvironment struct {
	FeatureName string                 `json:"featureName"`
	Environment string                 `json:"environment"`
	Enabled     bool                   `json:"enabled"`
	Variants    []eval.WeightedVariant `json:"variants"`
}

// FeatureTag is a tag of a flag.
type FeatureTag struct {
	FeatureName string `json:"featureName"`
	TagType     string `json:"tagType"`
	TagValue    string `json:"tagValue"`
}

// FeatureParents are what a flag depends on.
type FeatureParents struct {
	Feature      string            `json:"feature"`
	Dependencies []eval.Dependency `json:"dependencies"`
}

// FeatureLinks are the links of a flag.
type FeatureLinks struct {
	Feature string             `json:"feature"`
	Links   []control.LinkSpec `json:"links"`
}

// environment returns the one environment that an export is of, "" where no
// flag is in any.
func (e Export) environment() string {
	if len(e.FeatureEnvironments) == 0 {
		return ""
	}
	return e.FeatureEnvironments[0].Environment
}

// ReadFile reads an export file. It is an error where r holds no JSON, no
// export, or an export of several environments.
func ReadFile(r io.Reader) (Source, error) {
	var probe struct {
		Export
		Version *int `json:"version"`
	}
	if err := json.NewDecoder(r).Decode(&probe); err != nil {
		return Source{}, fmt.Errorf("reading the export: %w", err)
	}
	e := probe.Export
	switch {
	case probe.Version != nil && e.FeatureEnvironments == nil:
		return Source{}, fmt.Errorf("this is a state export (version %d) of an Unleash before 5: export the features from a newer one, or name its URL", *probe.Version)
	case e.Features == nil:
		return Source{}, errors.New("this is no export of Unleash: it has no features")
	}
	env := e.environment()
	if other := slices.IndexFunc(e.FeatureEnvironments, func(f FeatureEnvironment) bool { return f.Environment != env }); other >= 0 {
		return Source{}, fmt.Errorf("featureEnvironments[%d] is of %q, the first of %q: an export has one environment", other, e.FeatureEnvironments[other].Environment, env)
	}
	return Source{Exports: []Export{e}}, nil
}
