package unleash

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routePlayground adds what shows how flags are decided.
func (a *API) routePlayground(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"POST " + adminPath + "/playground":          a.playground,
		"POST " + adminPath + "/playground/advanced": a.advancedPlayground,
	})
}

// projectList is a list of projects, or "*" for all, which is an empty list.
type projectList []string

// UnmarshalJSON reads either form.
func (l *projectList) UnmarshalJSON(b []byte) error {
	var all string
	if json.Unmarshal(b, &all) == nil {
		if all != control.All {
			return errors.New(`must be a list of projects, or "*" for all of them`)
		}
		*l = nil
		return nil
	}
	if json.Unmarshal(b, (*[]string)(l)) != nil {
		return errors.New(`must be a list of projects, or "*" for all of them`)
	}
	return nil
}

// MarshalJSON writes the form that UnmarshalJSON reads.
func (l projectList) MarshalJSON() ([]byte, error) {
	if len(l) == 0 {
		return json.Marshal(control.All)
	}
	return json.Marshal([]string(l))
}

// playgroundDoc is Unleash's playgroundRequestSchema, in, and out as its input.
type playgroundDoc struct {
	Environment string         `json:"environment"`
	Projects    projectList    `json:"projects"`
	Context     map[string]any `json:"context"`
}

// triedFlag is Unleash's playgroundFeatureSchema.
type triedFlag struct {
	Name       string          `json:"name"`
	ProjectID  string          `json:"projectId"`
	Orphan     bool            `json:"hasUnsatisfiedDependency"`
	On         bool            `json:"isEnabledInCurrentEnvironment"`
	Enabled    bool            `json:"isEnabled"`
	Variant    triedVariant    `json:"variant"`
	Variants   []variantDoc    `json:"variants"`
	Strategies triedStrategies `json:"strategies"`
}

// triedVariant is a variant in both of the spellings that Unleash has.
type triedVariant struct {
	eval.Variant

	FeatureEnabled bool `json:"featureEnabled"`
}

// variantDoc is Unleash's variantSchema.
type variantDoc = eval.WeightedVariant

func toTriedFlag(t control.FlagTrial) triedFlag {
	return triedFlag{
		Name: t.Flag, ProjectID: t.Project, Orphan: t.Orphan, On: t.On, Enabled: t.Enabled,
		Variant: triedVariant{t.Variant, t.Variant.FeatureEnabled}, Variants: orEmpty(t.Variants), Strategies: toTriedStrategies(t),
	}
}

// playground answers POST /api/admin/playground: every flag of an environment
// for one context.
func (a *API) playground(w http.ResponseWriter, r *http.Request) error {
	var in playgroundDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Environment == "" {
		return control.Invalidf("environment", "is missing: name one")
	}
	c, err := subjectOf(in.Context)
	if err != nil {
		return err
	}
	found, err := a.service.Playground(r.Context(), caller(r), control.Playground{
		Environments: []string{in.Environment}, Projects: in.Projects, Contexts: []eval.Context{c},
	})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Input    playgroundDoc `json:"input"`
		Features []triedFlag   `json:"features"`
	}{in, each(found, toTriedFlag)})
}

// subjectOf reads Unleash's sdkContextSchema.
func subjectOf(in map[string]any) (eval.Context, error) {
	c := eval.Context{Properties: map[string]string{}}
	for key, value := range in {
		if err := setValue(&c, "context.", key, value); err != nil {
			return c, err
		}
	}
	if c.AppName == "" {
		return c, control.Invalidf("context.appName", "is missing: name the application")
	}
	return c, nil
}

// triedStrategies are the strategies of a playgroundFeatureSchema.
type triedStrategies struct {
	Result any             `json:"result"` // true, false, or "unknown"
	Data   []triedStrategy `json:"data"`
}

// triedStrategy is Unleash's playgroundStrategySchema.
type triedStrategy struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Title       string            `json:"title"`
	Disabled    bool              `json:"disabled"`
	Parameters  map[string]string `json:"parameters"`
	Result      triedResult       `json:"result"`
	Constraints []triedConstraint `json:"constraints"`
	Segments    []triedSegment    `json:"segments"`
	Links       struct {
		Edit string `json:"edit"` // in the console
	} `json:"links"`
}

// triedResult says how a strategy turns out. Only one that was evaluated to its
// end has a variant.
type triedResult struct {
	Status   string        `json:"evaluationStatus"` // complete, incomplete, unevaluated
	Enabled  any           `json:"enabled"`          // true, false, or "unknown"
	Variant  *eval.Variant `json:"variant,omitempty"`
	Variants []variantDoc  `json:"variants,omitempty"`
}

type triedConstraint struct {
	constraintDoc

	Result bool `json:"result"`
}

type triedSegment struct {
	ID          int               `json:"id"`
	Name        string            `json:"name"`
	Result      bool              `json:"result"`
	Constraints []triedConstraint `json:"constraints"`
}

func toTriedStrategies(t control.FlagTrial) triedStrategies {
	edit := "/flags/" + url.PathEscape(t.Project) + "/" + url.PathEscape(t.Flag) + "/environments"
	return triedStrategies{toTruth(t.Result), each(t.Strategies, func(s control.StrategyTrial) triedStrategy {
		out := triedStrategy{
			ID: s.Strategy.ID, Name: s.Strategy.Name, Title: s.Strategy.Title, Disabled: s.Strategy.Disabled,
			Parameters: s.Strategy.Parameters, Result: toTriedResult(s),
			Constraints: toTriedConstraints(s.Strategy.Constraints, s.Parts.Constraints),
			Segments: each(s.Parts.Segments, func(seg eval.SegmentTrial) triedSegment {
				return triedSegment{seg.Segment.ID, seg.Segment.Name, seg.Holds(), toTriedConstraints(seg.Segment.Constraints, seg.Constraints)}
			}),
		}
		out.Links.Edit = edit
		return out
	})}
}

func toTriedResult(s control.StrategyTrial) triedResult {
	out := triedResult{Status: "complete", Enabled: toTruth(s.Result)}
	switch {
	case s.Strategy.Disabled:
		out.Status = "unevaluated"
	case s.Open:
		out.Status = "incomplete"
	case s.Result == control.True && len(s.Strategy.Variants) > 0:
		out.Variant, out.Variants = &s.Parts.Variant, s.Strategy.Variants
	}
	return out
}

// toTriedConstraints shows constraints with their results, which are missing
// for a strategy that does not compile: none of them holds.
func toTriedConstraints(constraints []eval.Constraint, results []bool) []triedConstraint {
	out := make([]triedConstraint, len(constraints))
	for i, c := range constraints {
		out[i] = triedConstraint{toConstraint(c), i < len(results) && results[i]}
	}
	return out
}

func toTruth(t control.Truth) any {
	if t == control.Unknown {
		return string(t)
	}
	return t == control.True
}
