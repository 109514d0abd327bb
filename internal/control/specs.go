package control

import (
	"cmp"
	"slices"

	"github.com/lockflight/lockflight/internal/gate"
)

// EnvironmentSpec is an environment in a Configuration.
type EnvironmentSpec struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	SortOrder int    `json:"sortOrder,omitempty"`
	Disabled  bool   `json:"disabled,omitempty"`

	Calendar *gate.Calendar `json:"calendar,omitempty"` // when releases may serve more there
}

// ProjectSpec is a project in a Configuration. Environments that it does not
// name, and their default strategies, stay as they are.
type ProjectSpec struct {
	Name              string                  `json:"name"`            // its id
	Title             string                  `json:"title,omitempty"` // the name that people read; the id where empty
	Description       string                  `json:"description,omitempty"`
	Environments      []string                `json:"environments,omitempty"`
	DefaultStickiness string                  `json:"defaultStickiness,omitempty"`
	Mode              string                  `json:"mode,omitempty"`
	FeatureNaming     *Naming                 `json:"featureNaming,omitempty"`
	LinkTemplates     []LinkTemplate          `json:"linkTemplates,omitempty"`
	DefaultStrategies map[string]StrategySpec `json:"defaultStrategies,omitempty"` // by environment
}

// FieldSpec is a field of the context in a Configuration.
type FieldSpec struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Stickiness  bool         `json:"stickiness,omitempty"`
	SortOrder   int          `json:"sortOrder,omitempty"`
	LegalValues []LegalValue `json:"legalValues,omitempty"`
}

// LinkSpec is a link of a flag in a Configuration.
type LinkSpec struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
}

func specOfEnvironment(e Environment) EnvironmentSpec {
	return EnvironmentSpec{Name: e.Name, Type: e.Type, SortOrder: e.SortOrder, Disabled: e.Disabled, Calendar: e.Calendar}
}

func specOfField(f ContextField) FieldSpec {
	return FieldSpec{Name: f.Name, Description: f.Description, Stickiness: f.Stickiness, SortOrder: f.SortOrder, LegalValues: f.LegalValues}
}

func specOfProject(pr Project, segments []Segment) ProjectSpec {
	out := ProjectSpec{
		Name: pr.ID, Title: pr.Name, Description: pr.Description, Environments: pr.Environments, DefaultStickiness: pr.Stickiness,
		Mode: pr.Mode, FeatureNaming: pr.Naming, LinkTemplates: pr.LinkTemplates,
	}
	for env, st := range pr.Strategies {
		if out.DefaultStrategies == nil {
			out.DefaultStrategies = map[string]StrategySpec{}
		}
		out.DefaultStrategies[env] = specOfStrategy(st, segments)
	}
	return out
}

func specOfLinks(links []Link) []LinkSpec {
	var out []LinkSpec
	for _, l := range links {
		out = append(out, LinkSpec{l.URL, l.Title})
	}
	return out
}

// vocabulary adds to the configuration what belongs to the installation: what
// was changed of it, and not what is there by itself.
func (c *Configuration) vocabulary(tx ReadTx) error {
	var err error
	if c.TagTypes, err = list[TagType](tx, KindTagType, ""); err != nil {
		return err
	}
	if len(c.TagTypes) == 0 {
		c.TagTypes = nil
	}
	fields, err := list[ContextField](tx, KindContextField, "")
	if err != nil {
		return err
	}
	for _, f := range fields {
		c.ContextFields = append(c.ContextFields, specOfField(f))
	}
	environments, err := list[Environment](tx, KindEnvironment, "")
	slices.SortStableFunc(environments, func(a, b Environment) int { return cmp.Compare(a.SortOrder, b.SortOrder) })
	for _, e := range environments {
		c.Environments = append(c.Environments, specOfEnvironment(e))
	}
	if err != nil {
		return err
	}
	plans, err := list[PlanTemplate](tx, KindPlan, "")
	for _, t := range plans {
		c.Plans = append(c.Plans, t.Document)
	}
	return err
}
