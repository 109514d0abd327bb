package control

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Configuration is what people configure as files hold it: without the ids,
// times and names that the plane gives, segments by name. It says nothing of
// what is not in it, which stays as it is.
type Configuration struct {
	TagTypes      []TagType         `json:"tagTypes,omitempty"`
	ContextFields []FieldSpec       `json:"contextFields,omitempty"`
	Environments  []EnvironmentSpec `json:"environments,omitempty"`
	Plans         []PlanSpec        `json:"plans,omitempty"`
	Projects      []ProjectSpec     `json:"projects,omitempty"`
	Segments      []SegmentSpec     `json:"segments,omitempty"`
	Flags         []FlagSpec        `json:"flags,omitempty"`
}

// SegmentSpec is a segment in a Configuration.
type SegmentSpec struct {
	Name        string           `json:"name"`
	Project     string           `json:"project,omitempty"` // whose strategies alone may use it
	Description string           `json:"description,omitempty"`
	Constraints []ConstraintSpec `json:"constraints"`
}

// FlagSpec is a flag in a Configuration. Environments that it does not name
// stay as they are.
type FlagSpec struct {
	Name           string             `json:"name"`
	Project        string             `json:"project,omitempty"` // default where empty
	Type           string             `json:"type,omitempty"`    // release where empty
	Description    string             `json:"description,omitempty"`
	ImpressionData bool               `json:"impressionData,omitempty"`
	Stale          bool               `json:"stale,omitempty"`
	Tags           []Tag              `json:"tags,omitempty"`
	Links          []LinkSpec         `json:"links,omitempty"`
	Parents        []eval.Dependency  `json:"parents,omitempty"`
	Environments   map[string]EnvSpec `json:"environments,omitempty"`
}

// EnvSpec is a flag's whole configuration in one environment.
type EnvSpec struct {
	Enabled    bool                   `json:"enabled"`
	Strategies []StrategySpec         `json:"strategies,omitempty"`
	Variants   []eval.WeightedVariant `json:"variants,omitempty"`
}

// StrategySpec is a strategy in an EnvSpec.
type StrategySpec struct {
	Name        string                 `json:"name"`
	Title       string                 `json:"title,omitempty"`
	Disabled    bool                   `json:"disabled,omitempty"`
	Parameters  eval.Parameters        `json:"parameters,omitempty"`
	Constraints []ConstraintSpec       `json:"constraints,omitempty"`
	Segments    []string               `json:"segments,omitempty"` // by name
	Variants    []eval.WeightedVariant `json:"variants,omitempty"`
}

// ConstraintSpec is an eval.Constraint of which what is empty may be left out.
type ConstraintSpec struct {
	ContextName     string   `json:"contextName"`
	Operator        string   `json:"operator"`
	Values          []string `json:"values,omitempty"`
	Value           string   `json:"value,omitempty"`
	CaseInsensitive bool     `json:"caseInsensitive,omitempty"`
	Inverted        bool     `json:"inverted,omitempty"`
}

// Configuration returns what p may read: of one project, or of all where it is
// empty. Flags go by project and name, segments by name; archived flags and
// environments in which nothing was ever configured are not in it.
func (s *Service) Configuration(ctx context.Context, p Principal, project string) (Configuration, error) {
	var out Configuration
	err := s.store.View(ctx, func(tx ReadTx) error {
		segments, err := list[Segment](tx, KindSegment, "")
		if err != nil {
			return err
		}
		if p.May(PermRead, Scope{}) == nil {
			if err := out.vocabulary(tx); err != nil {
				return err
			}
			for _, seg := range segments {
				out.Segments = append(out.Segments, specOfSegment(seg))
			}
		}
		slices.SortFunc(out.Segments, func(a, b SegmentSpec) int { return cmp.Compare(a.Name, b.Name) })
		projects, err := list[Project](tx, KindProject, "")
		if err != nil {
			return err
		}
		for _, pr := range projects {
			if pr.ArchivedAt == nil && (project == "" || pr.ID == project) && p.May(PermRead, Scope{Project: pr.ID}) == nil {
				out.Projects = append(out.Projects, specOfProject(pr, segments))
			}
		}
		flags, err := list[Flag](tx, KindFlag, project)
		if err != nil {
			return err
		}
		configured, err := configuredEnvs(tx)
		if err != nil {
			return err
		}
		for _, f := range flags {
			if f.ArchivedAt != nil || p.May(PermRead, Scope{Project: f.Project}) != nil {
				continue
			}
			spec := specOfFlag(f)
			for _, fe := range configured[f.Name] {
				spec.Environments[fe.Environment] = specOfEnv(fe, segments)
			}
			out.Flags = append(out.Flags, spec)
		}
		slices.SortStableFunc(out.Flags, func(a, b FlagSpec) int { return cmp.Compare(a.Project, b.Project) })
		return nil
	})
	return out, err
}

// configuredEnvs returns every flag's configurations, by the flag's name.
func configuredEnvs(tx ReadTx) (map[string][]FlagEnv, error) {
	all, err := list[FlagEnv](tx, KindFlagEnv, "")
	out := map[string][]FlagEnv{}
	for _, fe := range all {
		out[fe.Flag] = append(out[fe.Flag], fe)
	}
	return out, err
}

func specOfSegment(seg Segment) SegmentSpec {
	return SegmentSpec{
		Name: seg.Name, Project: seg.Project, Description: seg.Description, Constraints: specOfConstraints(seg.Constraints),
	}
}

func specOfFlag(f Flag) FlagSpec {
	return FlagSpec{
		Name: f.Name, Project: f.Project, Type: f.Type, Description: f.Description,
		ImpressionData: f.ImpressionData, Stale: f.Stale, Tags: f.Tags, Links: specOfLinks(f.Links),
		Parents: f.Dependencies, Environments: map[string]EnvSpec{},
	}
}

func specOfEnv(fe FlagEnv, segments []Segment) EnvSpec {
	out := EnvSpec{Enabled: fe.Enabled, Variants: fe.Variants}
	for _, st := range fe.Strategies {
		out.Strategies = append(out.Strategies, specOfStrategy(st, segments))
	}
	return out
}

func specOfStrategy(st Strategy, segments []Segment) StrategySpec {
	return StrategySpec{
		Name: st.Name, Title: st.Title, Disabled: st.Disabled, Parameters: st.Parameters,
		Constraints: specOfConstraints(st.Constraints), Segments: segmentNames(st.Segments, segments), Variants: st.Variants,
	}
}

func specOfConstraints(constraints []eval.Constraint) []ConstraintSpec {
	out := make([]ConstraintSpec, 0, len(constraints))
	for _, c := range constraints {
		out = append(out, ConstraintSpec(c))
	}
	return out
}

func constraintsOf(specs []ConstraintSpec) []eval.Constraint {
	out := make([]eval.Constraint, 0, len(specs))
	for _, c := range specs {
		out = append(out, eval.Constraint(c))
	}
	return written(out)
}

// segmentNames names segments; one that has gone is called # and its id.
func segmentNames(ids []int, segments []Segment) []string {
	var out []string
	for _, id := range ids {
		name := "#" + strconv.Itoa(id)
		if i := slices.IndexFunc(segments, func(s Segment) bool { return s.ID == id }); i >= 0 {
			name = segments[i].Name
		}
		out = append(out, name)
	}
	return out
}
