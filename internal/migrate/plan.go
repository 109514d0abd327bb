package migrate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
)

// Plan is what a Source becomes here.
type Plan struct {
	Configuration control.Configuration // of its flags those that have no parent come first
	Strategies    []Strategy
	Losses        []Loss
}

// Loss is something that was not carried, or not as it was, and why.
type Loss struct {
	Kind        string `json:"kind"` // what it is of: flag, segment, token, users, ...
	Name        string `json:"name"`
	Environment string `json:"environment,omitempty"`
	Reason      string `json:"reason"`
}

// Plan translates a Source. What appears in several exports, as a flag does in
// one of each environment, becomes one.
func (src Source) Plan() Plan {
	p := Plan{Strategies: src.Strategies, Losses: slices.Clone(src.Losses)}
	b := builder{Plan: &p, segments: map[int]string{}, flags: map[string]*control.FlagSpec{}}
	p.Configuration.Environments, p.Configuration.Projects = src.Environments, src.Projects
	for _, s := range src.Segments {
		b.segment(s)
	}
	for _, e := range src.Exports {
		b.export(e)
	}
	for _, f := range b.flags {
		p.Configuration.Flags = append(p.Configuration.Flags, *f)
	}
	// A parent has no parent, so two passes bring every parent first.
	slices.SortFunc(p.Configuration.Flags, func(a, b control.FlagSpec) int {
		return cmp.Or(min(len(a.Parents), 1)-min(len(b.Parents), 1), cmp.Compare(a.Name, b.Name))
	})
	for _, s := range src.Strategies {
		p.lose("strategy", s.Name, "", "it is known here, and your SDKs must go on bringing its code")
	}
	return p
}

func (p *Plan) lose(kind, name, env, reason string, args ...any) {
	p.Losses = append(p.Losses, Loss{kind, name, env, fmt.Sprintf(reason, args...)})
}

// What is there from the start, in both.
var standardFields = []string{"userId", "sessionId", "remoteAddress", "appName", "environment", "currentTime"}

const standardTagType = "simple"

// builder folds exports into a Plan.
type builder struct {
	*Plan

	segments map[int]string // names by Unleash's ids
	flags    map[string]*control.FlagSpec
}

func (b *builder) segment(s Segment) {
	b.segments[s.ID] = s.Name
	spec := control.SegmentSpec{Name: s.Name, Project: s.Project, Description: s.Description, Constraints: []control.ConstraintSpec{}}
	for _, c := range s.Constraints {
		spec.Constraints = append(spec.Constraints, control.ConstraintSpec(c))
	}
	b.Configuration.Segments = append(b.Configuration.Segments, spec)
}

// export folds in one export. Of a segment that only it names, the name counts:
// it has to be here already.
func (b *builder) export(e Export) {
	for _, s := range e.Segments {
		if _, ok := b.segments[s.ID]; !ok {
			b.segments[s.ID] = s.Name
		}
	}
	for _, f := range e.ContextFields {
		known := slices.ContainsFunc(b.Configuration.ContextFields, func(o control.FieldSpec) bool { return o.Name == f.Name })
		if !known && (len(f.LegalValues) > 0 || !slices.Contains(standardFields, f.Name)) {
			b.Configuration.ContextFields = append(b.Configuration.ContextFields, f)
		}
	}
	for _, t := range e.TagTypes {
		known := slices.ContainsFunc(b.Configuration.TagTypes, func(o control.TagType) bool { return o.Name == t.Name })
		if !known && t.Name != standardTagType {
			b.Configuration.TagTypes = append(b.Configuration.TagTypes, t)
		}
	}
	for _, f := range e.Features {
		b.feature(f, e)
	}
}

// feature folds in one flag of an export: what holds everywhere the first time
// it is met, and its environment each time.
func (b *builder) feature(f Feature, e Export) {
	spec, ok := b.flags[f.Name]
	switch {
	case f.Archived:
		if !ok {
			b.lose("flag", f.Name, "", "it is archived")
		}
		return
	case !ok:
		spec = &control.FlagSpec{
			Name: f.Name, Project: f.Project, Type: f.Type, Description: f.Description,
			ImpressionData: f.ImpressionData, Stale: f.Stale, Environments: map[string]control.EnvSpec{},
		}
		for _, t := range e.FeatureTags {
			if t.FeatureName == f.Name {
				spec.Tags = append(spec.Tags, control.Tag{Type: t.TagType, Value: t.TagValue})
			}
		}
		for _, l := range e.Links {
			if l.Feature == f.Name {
				spec.Links = l.Links
			}
		}
		for _, d := range e.Dependencies {
			if d.Feature == f.Name {
				spec.Parents = d.Dependencies
			}
		}
		b.flags[f.Name] = spec
	}
	for _, fe := range e.FeatureEnvironments {
		if fe.FeatureName == f.Name {
			spec.Environments[fe.Environment] = b.environment(fe, e)
		}
	}
}

// environment translates a flag in an environment. One that Unleash serves to
// everyone because it has no strategy gets the one that says so.
func (b *builder) environment(fe FeatureEnvironment, e Export) control.EnvSpec {
	out := control.EnvSpec{Enabled: fe.Enabled, Variants: fe.Variants}
	var found []FeatureStrategy
	for _, st := range e.FeatureStrategies {
		if st.FeatureName == fe.FeatureName {
			found = append(found, st)
		}
	}
	slices.SortStableFunc(found, func(a, b FeatureStrategy) int { return cmp.Compare(a.SortOrder, b.SortOrder) })
	on := false
	for _, st := range found {
		out.Strategies = append(out.Strategies, b.strategy(st))
		on = on || !st.Disabled
	}
	switch {
	case fe.Enabled && len(found) == 0:
		out.Strategies = []control.StrategySpec{{Name: "default"}}
	case fe.Enabled && !on:
		out.Enabled = false
		b.lose("flag", fe.FeatureName, fe.Environment, "all its strategies are disabled: it is off here")
	}
	return out
}

func (b *builder) strategy(st FeatureStrategy) control.StrategySpec {
	out := control.StrategySpec{
		Name: st.Name, Title: st.Title, Disabled: st.Disabled, Parameters: st.Parameters, Variants: st.Variants,
	}
	for _, c := range st.Constraints {
		out.Constraints = append(out.Constraints, control.ConstraintSpec(c))
	}
	for _, id := range st.Segments {
		out.Segments = append(out.Segments, cmp.Or(b.segments[id], fmt.Sprintf("#%d", id)))
	}
	return out
}
