package eval

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Options are what an evaluation may need from outside the package. The zero
// Options serve documents that do not ask for it.
type Options struct {
	// Now is asked for the current time by a DATE constraint on currentTime
	// whose Context has none. Where Now is nil, that time is missing, and the
	// constraint fails (or holds, if it is inverted).
	Now func() time.Time

	// Rand returns a number from 0 to n-1, each as likely; n is not 0. It
	// decides where a rollout or a variant is left to chance. It must be safe
	// for concurrent use. Nil means rand.Uint32N of math/rand/v2.
	Rand func(n uint32) uint32

	// Hostname is what the strategy applicationHostname looks for in its list.
	// Where it is empty, that strategy never matches.
	Hostname string

	// AppName and Environment stand in for the fields of a Context that are
	// empty.
	AppName, Environment string

	// Tag is asked, whenever a flag is compiled, for a number that CheckAt and
	// Check return, so that a caller that keeps something by flag finds it
	// without another look-up. VariantNames are as Set.VariantNames returns them.
	// Nil means that all tags are 0.
	Tag func(f *Flag, variantNames []string) uint32
}

// Warning is a fault in a Snapshot, with the name of the flag that it makes
// off, or that it makes match less than it says.
type Warning struct {
	Flag string
	Msg  string
}

// Compile is Options.Compile without options.
func Compile(s Snapshot) (*Set, []Warning) { return Options{}.Compile(s) }

// Compile prepares a Snapshot for evaluation. It accepts any: a flag that does
// not compile, for an unknown operator, a value that does not parse or a
// missing segment, is off and has a warning, and the others are not affected.
// A valid Snapshot yields no warning. Of flags with one name, and of segments
// with one id, the last counts. The Set refers to the Snapshot, which must not
// be modified afterwards.
func (o Options) Compile(s Snapshot) (*Set, []Warning) {
	if o.Rand == nil {
		o.Rand = rand.Uint32N
	}
	e := newEdit(&Set{options: o})
	e.hydrate(s)
	e.compile()
	return e.set, e.warnings
}

// segment is a segment compiled, or why it does not compile.
type segment struct {
	conjunction
	document *Segment
	err      error
}

func compileSegment(document *Segment) *segment {
	all, err := compileAll(document.Constraints)
	return &segment{all, document, err}
}

func (e *edit) warn(flag, format string, args ...any) {
	e.warnings = append(e.warnings, Warning{flag, fmt.Sprintf(format, args...)})
}

// compileFlag compiles a flag, all but its name.
func (e *edit) compileFlag(f *Flag) program {
	p := program{mode: modeOff, extra: &extra{parents: e.parents(f.Dependencies)}}
	if err := e.compileBody(f, p.extra); err != nil {
		e.warn(f.Name, "is off, because it does not compile: %v", err)
		p.extra.problem = err.Error()
	} else if f.Enabled {
		p.shorten()
	}
	if e.set.options.Tag != nil {
		p.tag = e.set.options.Tag(f, p.extra.variantNames())
	}
	return p
}

// parents resolves the dependencies of a flag.
func (e *edit) parents(dependencies []Dependency) []parent {
	var out []parent
	for _, d := range dependencies {
		out = append(out, parent{
			flag: e.number(d.Feature), enabled: d.Enabled == nil || *d.Enabled, variants: d.Variants,
		})
	}
	return out
}

// compileBody compiles the strategies and variants of a flag.
func (e *edit) compileBody(f *Flag, x *extra) error {
	if len(f.Strategies) > math.MaxInt16 {
		return errors.New("has too many strategies")
	}
	for i, st := range f.Strategies {
		if err := e.compileStrategy(f, i, x); err != nil {
			return fmt.Errorf("strategy %d (%s): %w", i, st.Name, err)
		}
	}
	if len(f.Strategies) == 0 {
		x.ops = []op{{code: opAlways, strategy: noStrategy, last: true}}
	}
	variants, err := compileChoice(f.Name, "", f.Variants)
	if err != nil {
		return err
	}
	if variants != nil {
		variants.override(f.Variants)
		x.variants = variants
	}
	x.place()
	return nil
}

// compileStrategy compiles strategy i of a flag.
func (e *edit) compileStrategy(f *Flag, i int, x *extra) error {
	st := f.Strategies[i]
	all, err := e.compileTests(f.Name, st)
	if err != nil {
		return err
	}
	for _, note := range all.notes {
		e.warn(f.Name, "strategy %d (%s): %s", i, st.Name, note)
	}
	first, end := len(x.ops), len(x.ops)+len(all.ops)
	for j := range all.ops {
		all.ops[j].next, all.ops[j].strategy, all.ops[j].last = int32(end), int16(i), j == len(all.ops)-1
	}
	x.ops = append(x.ops, all.ops...)
	variants, err := compileChoice(groupOf(f.Name, st), st.Parameters["stickiness"], st.Variants)
	if variants != nil {
		x.offer(i, len(f.Strategies), variants)
	}
	if st.Parameters[releaseParameter] != "" && x.release == nil {
		x.release = e.compileRelease(f.Name, st, x.ops, first)
	}
	return err
}

// compileTests compiles what must hold for a strategy to match: its segments'
// constraints, its own, and its rule. Explain walks a document in this order.
func (e *edit) compileTests(flag string, st Strategy) (conjunction, error) {
	var all conjunction
	for _, id := range st.Segments {
		seg, ok := e.set.segments[id]
		if !ok {
			return all, fmt.Errorf("segment %d is missing", id)
		}
		if seg.err != nil {
			return all, fmt.Errorf("segment %d: %w", id, seg.err)
		}
		all.ops = append(all.ops, seg.ops...)
		for _, note := range seg.notes {
			all.notes = append(all.notes, fmt.Sprintf("segment %d: %s", id, note))
		}
	}
	own, err := compileAll(st.Constraints)
	if err != nil {
		return all, err
	}
	rule, note := e.set.options.compileRule(flag, st)
	if note != "" {
		own.notes = append(own.notes, note)
	}
	all.ops = append(append(all.ops, own.ops...), rule)
	all.notes = append(all.notes, own.notes...)
	return all, nil
}
