package flaggen

import (
	"slices"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// The themes of flags beside a strategy or an operator, which are named by
// themselves. Some are also the names under which Decisive counts.
const (
	segmentTheme     = "segment"
	strategyVariants = "variants of a strategy"
	flagVariants     = "variants of a flag"
	overrides        = "overrides"
	inverted         = "inverted"
	caseInsensitive  = "case insensitive"
	parentOn         = "parent that is on"
	parentOff        = "parent that is off"
	parentVariant    = "parent with a variant"
	switchedOff      = "switched off"
	strategyPrefix   = "strategy "
	operatorPrefix   = "operator "
	stickinessPrefix = "stickiness "
)

// What is no flag's theme is there by chance, in one of so many.
const (
	secondStrategies = 4 // that a flag has
	moreConstraints  = 6 // that a strategy has beside its rule
	moreSegments     = 6 // the same
)

// themes are what flags take turns at, those that need earlier flags last.
func themes() []string {
	var out []string
	for _, s := range strategies {
		out = append(out, strategyPrefix+s)
	}
	for _, o := range operators {
		out = append(out, operatorPrefix+o)
	}
	for _, s := range stickinesses {
		out = append(out, stickinessPrefix+s)
	}
	return append(out,
		inverted, caseInsensitive, segmentTheme, strategyVariants, flagVariants, overrides, switchedOff, parentOn, parentOff, parentVariant)
}

// flag draws a flag with a theme.
func (g *generator) flag(name, theme string) eval.Flag {
	f := eval.Flag{
		Name: name, Type: "release", Enabled: theme != switchedOff, ImpressionData: g.chance(4), Variants: []eval.WeightedVariant{},
	}
	f.Strategies = []eval.Strategy{g.themed(&f, theme)}
	if g.chance(secondStrategies) {
		f.Strategies = append(f.Strategies, g.incidental(name))
	}
	return f
}

// themed draws the first strategy of a flag, and sets of the flag itself what
// its theme asks for.
func (g *generator) themed(f *eval.Flag, theme string) eval.Strategy {
	if name, ok := strings.CutPrefix(theme, strategyPrefix); ok {
		st := g.strategy(f.Name, name)
		g.constrain(&st)
		return st
	}
	st := g.strategy(f.Name, "default")
	if stickiness, ok := strings.CutPrefix(theme, stickinessPrefix); ok {
		g.rollout(&st, f.Name, stickiness)
		return st
	}
	if g.chance(3) {
		g.rollout(&st, f.Name, pick(g, certain))
	}
	switch theme {
	case inverted:
		c := g.constraint(pick(g, []string{"IN", "STR_CONTAINS", "NUM_GT", "SEMVER_GT", "DATE_AFTER", "IN_CIDR"}))
		c.Inverted = true
		st.Constraints = append(st.Constraints, c)
	case caseInsensitive:
		c := g.constraint("STR_ENDS_WITH")
		c.Values, c.CaseInsensitive = suffixes[:1], true
		st.Constraints = append(st.Constraints, c)
	case segmentTheme:
		st.Segments = g.segments()
	case strategyVariants:
		g.rollout(&st, f.Name, pick(g, certain))
		st.Variants = g.variants(st.Parameters["stickiness"])
	case flagVariants, overrides:
		f.Variants = g.variants(pick(g, certain))
		if theme == overrides {
			g.override(f.Variants)
		}
	case parentOn, parentOff, parentVariant:
		f.Dependencies = g.parents(theme)
	case switchedOff:
	default:
		st.Constraints = append(st.Constraints, g.constraint(strings.TrimPrefix(theme, operatorPrefix)))
	}
	return st
}

// incidental draws a strategy that is no flag's theme.
func (g *generator) incidental(flag string) eval.Strategy {
	st := g.strategy(flag, pick(g, []string{"userWithId", "flexibleRollout", "remoteAddress"}))
	st.Constraints = append(st.Constraints, g.constraint(pick(g, operators)))
	return st
}

// constrain adds a constraint to some strategies, and segments to some.
func (g *generator) constrain(st *eval.Strategy) {
	if g.chance(moreConstraints) {
		st.Constraints = append(st.Constraints, g.constraint(pick(g, operators)))
	}
	if g.chance(moreSegments) {
		st.Segments = g.segments()
	}
}

// segments draws one segment, or sometimes two, which exclude more.
func (g *generator) segments() []int {
	n := 1
	if g.chance(3) {
		n = 2
	}
	ids := make([]int, 0, segments)
	for _, s := range g.world.Segments {
		ids = append(ids, s.ID)
	}
	return some(g, n, ids)
}

// parents draws a parent among the earlier flags that have none themselves, and
// what is asked of it.
func (g *generator) parents(theme string) []eval.Dependency {
	candidates := slices.DeleteFunc(slices.Clone(g.world.Flags), func(f eval.Flag) bool {
		return len(f.Dependencies) > 0 || !f.Enabled || theme == parentVariant && len(variantsOf(f)) == 0
	})
	if len(candidates) == 0 {
		return nil
	}
	parent, on := pick(g, candidates), theme != parentOff
	d := eval.Dependency{Feature: parent.Name, Enabled: &on}
	if theme == parentVariant {
		for _, v := range some(g, 1, variantsOf(parent)) {
			d.Variants = append(d.Variants, v.Name)
		}
	}
	return []eval.Dependency{d}
}

// variantsOf returns the variants that a flag shows to most.
func variantsOf(f eval.Flag) []eval.WeightedVariant {
	if v := f.Strategies[0].Variants; len(v) > 0 {
		return v
	}
	return f.Variants
}
