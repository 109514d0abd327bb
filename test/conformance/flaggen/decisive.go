package flaggen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Counts is how often each kind of thing is decisive: for how many pairs of a
// flag and a context the answer would be another if the thing had said the
// opposite, or, of variants, had not been there.
type Counts map[string]int

// Below returns the kinds that are decisive fewer times than least, in order.
func (c Counts) Below(least int) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c)), func(kind string) bool { return c[kind] >= least })
}

// String lists the counts, one to a line.
func (c Counts) String() string {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "%6d  %s\n", c[kind], kind)
	}
	return b.String()
}

// Decisive counts what decides the flags of a world. Every kind that New can
// make has a count, 0 at the least.
func (w World) Decisive() Counts {
	counts := Counts{}
	for _, kind := range themes() {
		counts[kind] = 0
	}
	for _, f := range w.Flags {
		actual := w.answers(f)
		for _, e := range elements(f) {
			counts[e.kind] += differing(actual, w.answers(e.held), w.answers(e.failed))
		}
	}
	return counts
}

// answers decides one flag for every context.
func (w World) answers(f eval.Flag) []eval.Variant {
	doc := eval.Snapshot{Features: []eval.Flag{f}, Segments: w.Segments}
	for _, other := range w.Flags {
		if slices.ContainsFunc(f.Dependencies, func(d eval.Dependency) bool { return d.Feature == other.Name }) {
			doc.Features = append(doc.Features, other)
		}
	}
	set, _ := eval.Compile(doc)
	out := make([]eval.Variant, len(w.Contexts))
	for i := range w.Contexts {
		out[i] = set.Variant(f.Name, &w.Contexts[i])
	}
	return out
}

// differing counts the contexts that get another answer from one of the others.
func differing(actual []eval.Variant, others ...[]eval.Variant) int {
	n := 0
	for i, v := range actual {
		if slices.ContainsFunc(others, func(o []eval.Variant) bool { return o[i] != v }) {
			n++
		}
	}
	return n
}

// element is one thing in a flag, with the flag as it would be if the thing
// held for everyone, and for no one. One of the two is what it is; of what does
// not hold or fail, such as variants, both are the flag without it.
type element struct {
	kind         string
	held, failed eval.Flag
}

// never is a constraint that no context satisfies.
var never = eval.Constraint{ContextName: "region", Operator: "IN", Values: []string{"nowhere"}}

func elements(f eval.Flag) []element {
	var out []element
	for i, st := range f.Strategies {
		out = append(out, strategyElements(f, i, st)...)
	}
	if len(f.Variants) > 0 {
		out = append(out, without(flagVariants, f, func(f *eval.Flag) { f.Variants = nil }))
		if last := len(f.Variants) - 1; f.Variants[last].Overrides != nil {
			out = append(out, without(overrides, f, func(f *eval.Flag) { f.Variants[last].Overrides = nil }))
		}
	}
	if !f.Enabled {
		out = append(out, without(switchedOff, f, func(f *eval.Flag) { f.Enabled = true }))
	}
	for i, d := range f.Dependencies {
		kind := parentOn
		switch {
		case !*d.Enabled:
			kind = parentOff
		case len(d.Variants) > 0:
			kind = parentVariant
		}
		out = append(out, element{
			kind:   kind,
			held:   changed(f, func(f *eval.Flag) { f.Dependencies = slices.Delete(f.Dependencies, i, i+1) }),
			failed: changed(f, func(f *eval.Flag) { f.Dependencies[i].Feature = "missing" }),
		})
	}
	return out
}

// strategyElements are those of the i-th strategy: its rule, its constraints and
// segments, and its variants.
func strategyElements(f eval.Flag, i int, st eval.Strategy) []element {
	on := func(change func(*eval.Strategy)) eval.Flag {
		return changed(f, func(f *eval.Flag) { change(&f.Strategies[i]) })
	}
	failed := on(func(st *eval.Strategy) { st.Constraints = append(st.Constraints, never) })
	rule := on(func(st *eval.Strategy) { st.Name = "default" })
	out := []element{{strategyPrefix + st.Name, rule, failed}}
	if st.Name == "flexibleRollout" {
		out = append(out, element{stickinessPrefix + st.Parameters["stickiness"], rule, failed})
	}
	for j, c := range st.Constraints {
		held := on(func(st *eval.Strategy) { st.Constraints = slices.Delete(st.Constraints, j, j+1) })
		out = append(out, element{operatorPrefix + c.Operator, held, failed})
		if c.Inverted {
			plain := on(func(st *eval.Strategy) { st.Constraints[j].Inverted = false })
			out = append(out, element{inverted, plain, plain})
		}
		if c.CaseInsensitive {
			exact := on(func(st *eval.Strategy) { st.Constraints[j].CaseInsensitive = false })
			out = append(out, element{caseInsensitive, exact, exact})
		}
	}
	for j := range st.Segments {
		held := on(func(st *eval.Strategy) { st.Segments = slices.Delete(st.Segments, j, j+1) })
		out = append(out, element{segmentTheme, held, failed})
	}
	if len(st.Variants) > 0 {
		out = append(out, without(strategyVariants, f, func(f *eval.Flag) { f.Strategies[i].Variants = nil }))
	}
	return out
}

// without is what a flag has and may be without.
func without(kind string, f eval.Flag, remove func(*eval.Flag)) element {
	less := changed(f, remove)
	return element{kind, less, less}
}

// changed returns a copy of a flag with a change, f itself as it was.
func changed(f eval.Flag, change func(*eval.Flag)) eval.Flag {
	f.Dependencies, f.Variants, f.Strategies = slices.Clone(f.Dependencies), slices.Clone(f.Variants), slices.Clone(f.Strategies)
	for i, st := range f.Strategies {
		f.Strategies[i].Constraints, f.Strategies[i].Segments = slices.Clone(st.Constraints), slices.Clone(st.Segments)
	}
	change(&f)
	return f
}
