package unleash

import (
	"reflect"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// eventData returns what was there after what a record says, and before, in the
// form that the API has for it elsewhere; nil for what was not there. What is
// stored of other kinds is not shown.
func eventData(o control.Occurrence, name string) (data, before any, err error) {
	switch o.Res.Type {
	case string(control.KindFlag):
		return shown(o, func(f control.Flag) any { return toWritten(f) }, flagDifference(name))
	case string(control.KindFlagEnv):
		return shown(o, func(fe control.FlagEnv) any { return toStrategies(fe) }, envDifference(name))
	case string(control.KindProject):
		return shown(o, func(p control.Project) any { return toProject(p) }, nil)
	case string(control.KindEnvironment):
		return shown(o, func(e control.Environment) any { return toEnvironment(e) }, nil)
	case string(control.KindSegment):
		return shown(o, func(s control.Segment) any { return toSegment(s) }, nil)
	case string(control.KindContextField):
		return shown(o, func(f control.ContextField) any { return toContextField(f) }, nil)
	case string(control.KindTagType):
		return shown(o, func(t control.TagType) any { return toTagType(t) }, nil)
	case string(control.KindFlagType):
		return shown(o, func(t control.FlagType) any { return toFeatureType(t) }, nil)
	case string(control.KindTag):
		return shown(o, func(t control.StandingTag) any { return toStandingTag(t) }, nil)
	case string(control.KindStrategyType):
		return shown(o, func(t control.StrategyType) any { return toStrategyType(t) }, nil)
	case string(control.KindToken):
		return shown(o, func(t control.Token) any { return toToken(t) }, nil)
	case string(control.KindLifecycle):
		return shown(o, func(l control.Lifecycle) any { return l.Completion }, nil)
	case string(control.KindFavorite):
		return shown(o, func(f control.Favorite) any { return favoriteDoc{f.Flag, f.Project} }, nil)
	case string(control.KindApplication):
		return shown(o, func(c control.ApplicationCard) any { return c }, nil)
	case string(control.KindPlan):
		return shown(o, func(t control.PlanTemplate) any { return t.Document }, nil)
	case string(control.KindRelease):
		return shown(o, func(r control.Release) any { return toReleaseEvent(r) }, nil)
	}
	return nil, nil, nil
}

// difference shows what changed between two documents, where the event is about
// a part of them.
type difference[T any] func(before, after T) (data, old any)

// shown shows the documents before and after, or what part tells of them; a
// document that was not there before is like an empty one then.
func shown[T any](o control.Occurrence, show func(T) any, part difference[T]) (data, old any, err error) {
	before, after, err := control.Documents[T](o)
	if err != nil {
		return nil, nil, err
	}
	if part != nil && after != nil {
		if before == nil {
			before = new(T)
		}
		data, old = part(*before, *after)
		return data, old, nil
	}
	if after != nil {
		data = show(*after)
	}
	if before != nil {
		old = show(*before)
	}
	return data, old, nil
}

// flagDifference returns what an event about a part of a flag shows of it.
func flagDifference(name string) difference[control.Flag] {
	switch name {
	case "feature-tagged", "feature-untagged":
		return func(b, a control.Flag) (any, any) {
			return one(each(added(b.Tags, a.Tags), toTag)), one(each(added(a.Tags, b.Tags), toTag))
		}
	case "feature-link-added", "feature-link-removed", "feature-link-updated":
		return func(b, a control.Flag) (any, any) {
			show := linkOf(a.Name)
			return one(each(added(b.Links, a.Links), show)), one(each(added(a.Links, b.Links), show))
		}
	case "feature-project-change":
		return func(b, a control.Flag) (any, any) {
			return moveEvent{a.Project, b.Project}, nil
		}
	case "feature-dependency-added", "feature-dependency-removed", "feature-dependencies-removed":
		return func(b, a control.Flag) (any, any) {
			return one(unlike(b.Dependencies, a.Dependencies)), one(unlike(a.Dependencies, b.Dependencies))
		}
	}
	return nil
}

// moveEvent is what Unleash tells of a flag that was moved.
type moveEvent struct {
	NewProject string `json:"newProject"`
	OldProject string `json:"oldProject"`
}

// envDifference returns what an event about a flag in one environment shows.
func envDifference(name string) difference[control.FlagEnv] {
	switch name {
	case "feature-strategy-add", "feature-strategy-update", "feature-strategy-remove":
		return func(b, a control.FlagEnv) (any, any) {
			return one(changedStrategies(b, a)), one(changedStrategies(a, b))
		}
	case "strategy-order-changed":
		return func(b, a control.FlagEnv) (any, any) { return strategyOrder(a), strategyOrder(b) }
	case "feature-environment-variants-updated":
		return func(b, a control.FlagEnv) (any, any) { return variantsEvent(a), variantsEvent(b) }
	}
	return func(_, _ control.FlagEnv) (any, any) { return nil, nil } // on and off: the type says it all
}

// changedStrategies are those of after that are not, or not so, in before. One
// that has only moved up, because another one went, is not among them.
func changedStrategies(before, after control.FlagEnv) []strategyDoc {
	out := []strategyDoc{}
	for _, st := range unlike(before.Strategies, after.Strategies) {
		place := slices.IndexFunc(after.Strategies, func(o control.Strategy) bool { return o.ID == st.ID })
		out = append(out, toStrategy(st, place))
	}
	return out
}

// unlike returns what is in after and not, or not so, in before.
func unlike[T any](before, after []T) []T {
	return slices.DeleteFunc(slices.Clone(after), func(v T) bool {
		return slices.ContainsFunc(before, func(o T) bool { return reflect.DeepEqual(o, v) })
	})
}

// one shows what an event of Unleash's is about, which is one thing; where a
// write has changed more, all of them.
func one[T any](all []T) any {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return map[string][]T{"all": all}
}

type orderEvent struct {
	StrategyIDs []string `json:"strategyIds"`
}

func strategyOrder(fe control.FlagEnv) orderEvent {
	return orderEvent{each(fe.Strategies, func(s control.Strategy) string { return s.ID })}
}

type variantsEventDoc struct {
	Variants []eval.WeightedVariant `json:"variants"`
}

func variantsEvent(fe control.FlagEnv) variantsEventDoc {
	return variantsEventDoc{orEmpty(fe.Variants)}
}

// releaseEvent is what an event shows of a release, which Unleash does not have.
type releaseEvent struct {
	ID        string `json:"id"`
	Build     string `json:"build"`
	State     string `json:"state"`
	Milestone int    `json:"milestone"` // from 0
	Percent   int    `json:"percent"`
	Reason    string `json:"reason,omitempty"`
}

func toReleaseEvent(r control.Release) releaseEvent {
	out := releaseEvent{ID: r.ID, Build: r.Build, State: string(r.State), Milestone: r.Milestone, Percent: r.Percent()}
	if r.Verdict != nil {
		out.Reason = r.Verdict.Reason
	}
	return out
}
