package policy

import (
	"fmt"
	"reflect"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Effect is what a change does to the exposure of a flag.
type Effect string

// The effects. The zero Effect is none of them; whoever switches over them
// takes what is neither Reduces nor Same for Increases.
const (
	Reduces   Effect = "reduces"   // nobody gets what they did not get before, and it is not the Same
	Same      Effect = "same"      // everybody gets what they got before
	Increases Effect = "increases" // or nobody could show that it does not
)

// Exposure says what a change from one configuration to another does to a
// flag, and why where it increases. The snapshots hold the flag, its parents
// and the segments of all of them, a flag that is not served being absent.
//
// Unless it increases, a context for which the flag is on after the change
// had it on before, with the same variant, and one in the treatment of a
// release was in it before. It is decided by comparing the documents, without
// any context, and errs to one side: what it cannot show not to increase,
// increases.
func Exposure(before, after eval.Snapshot, flag string) (effect Effect, why string) {
	b, a := newWorld(before), newWorld(after)
	if why := b.contains(a, flag); why != "" {
		return Increases, why
	}
	if a.contains(b, flag) == "" {
		return Same, ""
	}
	return Reduces, ""
}

// world is a configuration, prepared for looking things up.
type world struct {
	set      *eval.Set
	flags    map[string]*eval.Flag
	segments map[int][]eval.Constraint
}

func newWorld(s eval.Snapshot) world {
	w := world{flags: map[string]*eval.Flag{}, segments: map[int][]eval.Constraint{}}
	w.set, _ = eval.Compile(s)
	for i := range s.Features {
		w.flags[s.Features[i].Name] = &s.Features[i]
	}
	for _, seg := range s.Segments {
		w.segments[seg.ID] = seg.Constraints
	}
	return w
}

// on returns a flag that some context may get, nil where it is off for all:
// not served, switched off, or faulty in a way that clients take for off.
func (w world) on(flag string) *eval.Flag {
	f := w.flags[flag]
	if f == nil || !f.Enabled || w.set.Decide(flag, nil).Reason == eval.ReasonInvalid {
		return nil
	}
	return f
}

// contains says why a flag may be on in the other world where it is not in
// this one, or with another variant; "" where that cannot be.
func (w world) contains(other world, flag string) string {
	mine, its := w.on(flag), other.on(flag)
	switch {
	case its == nil:
		return ""
	case mine == nil:
		return "the flag was off"
	}
	if why := w.containsParents(other, mine.Dependencies, its.Dependencies); why != "" {
		return why
	}
	return pair{w, other, mine, its}.strategies()
}

// containsParents says why a flag with one list of dependencies may be held
// back less in the other world. Every dependency must be there still, and
// what it asks for must hold no more often.
func (w world) containsParents(other world, mine, its []eval.Dependency) string {
	for _, d := range mine {
		if !asks(its, d) {
			return fmt.Sprintf("it depends on %q no longer, or for something else", d.Feature)
		}
		was, is := w.flags[d.Feature], other.flags[d.Feature]
		if is == nil || len(is.Dependencies) > 0 {
			continue // holds never
		}
		if was == nil || len(was.Dependencies) > 0 {
			return fmt.Sprintf("its parent %q held it back for all", d.Feature)
		}
		from, to := w, other
		if !needsOn(d) {
			from, to = other, w
		}
		if why := from.contains(to, d.Feature); why != "" {
			return fmt.Sprintf("its parent %q: %s", d.Feature, why)
		}
	}
	return ""
}

// asks reports whether a list holds a dependency on the same, as strict.
func asks(list []eval.Dependency, d eval.Dependency) bool {
	for _, one := range list {
		if one.Feature != d.Feature || needsOn(one) != needsOn(d) {
			continue
		}
		if len(d.Variants) == 0 || len(one.Variants) > 0 && within(one.Variants, d.Variants) {
			return true
		}
	}
	return false
}

func needsOn(d eval.Dependency) bool { return d.Enabled == nil || *d.Enabled }

// offer is where the variant of a context comes from: with equal offers it is
// the same.
type offer struct {
	group, stickiness string
	variants          []eval.WeightedVariant
}

// offerOf returns that of a strategy, or else of the flag.
func offerOf(f *eval.Flag, st *eval.Strategy) offer {
	if st == nil || len(st.Variants) == 0 {
		return offer{group: f.Name, variants: f.Variants}.settled()
	}
	group, ok := st.Parameters["groupId"]
	if !ok {
		group = f.Name
	}
	return offer{group, st.Parameters["stickiness"], st.Variants}.settled()
}

// settled makes all offers of nothing one.
func (o offer) settled() offer {
	if len(o.variants) == 0 {
		return offer{}
	}
	return o
}

// offers returns what each strategy of a flag offers.
func offers(f *eval.Flag) []offer {
	if len(f.Strategies) == 0 {
		return []offer{offerOf(f, nil)}
	}
	var out []offer
	for i := range f.Strategies {
		out = append(out, offerOf(f, &f.Strategies[i]))
	}
	return out
}

// uniform reports whether all offers are the same, so that it does not matter
// which strategy a context matches.
func uniform(all []offer) bool {
	for i := range all {
		if !reflect.DeepEqual(all[i], all[0]) {
			return false
		}
	}
	return true
}
