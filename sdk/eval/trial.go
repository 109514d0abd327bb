package eval

import "fmt"

// Trial is how every part of one strategy turns out for one context, where an
// Explanation ends at the first part that decides.
type Trial struct {
	Matches     bool
	Segments    []SegmentTrial // in the strategy's order
	Constraints []bool         // whether each holds, in the strategy's order
	// Variant is what a context that the strategy matches gets, of the strategy
	// or else of the flag; the disabled one where it does not match.
	Variant Variant
}

// SegmentTrial is how every constraint of one segment turns out.
type SegmentTrial struct {
	Segment     *Segment // must not be modified
	Constraints []bool
}

// Holds reports whether all constraints of the segment hold.
func (t SegmentTrial) Holds() bool { return all(t.Constraints) }

// Holds reports whether all constraints of the strategy and of its segments
// hold, whatever its own rule says.
func (t Trial) Holds() bool {
	for _, seg := range t.Segments {
		if !seg.Holds() {
			return false
		}
	}
	return all(t.Constraints)
}

func all(results []bool) bool {
	for _, ok := range results {
		if !ok {
			return false
		}
	}
	return true
}

// Try evaluates strategy i of a flag as if it were the flag's only one, whether
// the flag is on or off, and whatever it depends on. The flag need not be in
// the Set, of which the segments are: a strategy that is switched off, or not
// saved yet, can be tried. One that does not compile is an error.
func (s *Set) Try(f *Flag, i int, c *Context) (Trial, error) {
	if i < 0 || i >= len(f.Strategies) {
		return Trial{}, fmt.Errorf("flag %q has %d strategies, and no strategy %d", f.Name, len(f.Strategies), i)
	}
	if c == nil {
		c = &nobody
	}
	one := Flag{Name: f.Name, Strategies: f.Strategies[i : i+1], Variants: f.Variants}
	var x extra
	if err := (&edit{set: s}).compileBody(&one, &x); err != nil {
		return Trial{}, err
	}
	t, ops := Trial{Variant: noVariant(false)}, x.ops
	try := func(constraints []Constraint) []bool {
		out := make([]bool, len(constraints))
		for j := range constraints {
			out[j], ops = s.holds(&ops[0], c), ops[1:]
		}
		return out
	}
	st := one.Strategies[0]
	for _, id := range st.Segments {
		document := s.segments[id].document
		t.Segments = append(t.Segments, SegmentTrial{document, try(document.Constraints)})
	}
	t.Constraints = try(st.Constraints)
	if t.Matches = t.Holds() && s.holds(&ops[0], c); t.Matches {
		t.Variant, _ = s.variant(&program{extra: &x}, 0, c)
	}
	return t, nil
}

// Holds reports whether a dependency holds for a context: never where the
// parent is not in the Set, or has parents of its own.
func (s *Set) Holds(d Dependency, c *Context) bool {
	if c == nil {
		c = &nobody
	}
	n, _ := s.find(d.Feature)
	return n >= 0 && s.holdsParent(&parent{flag: n, enabled: d.Enabled == nil || *d.Enabled, variants: d.Variants}, c)
}
