package eval

import "slices"

// program is a flag compiled. What a check of most flags reads lies in it, so
// that a check of one flag among many touches little memory.
type program struct {
	single    [1]op  // the op of a flag that has one
	extra     *extra // nil for most
	on        bool   // enabled, and it compiles
	dependent bool   // has parents
}

// extra is what a flag may have beyond a single op.
type extra struct {
	ops        []op // all of them, where there are more
	parents    []parent
	variants   *choice   // the flag's own
	strategies []*choice // by strategy; nil for one without variants
	release    *release
}

// ops returns the ops of a flag, at least one if it compiles.
func (p *program) ops() []op {
	if p.extra != nil && p.extra.ops != nil {
		return p.extra.ops
	}
	return p.single[:]
}

// offer sets the variants of strategy i of n.
func (x *extra) offer(i, n int, variants *choice) {
	if x.strategies == nil {
		x.strategies = make([]*choice, n)
	}
	x.strategies[i] = variants
}

// parent is a dependency resolved.
type parent struct {
	flag     int32 // its number, -1 for one that does not exist
	enabled  bool
	variants []string // any of these, if not empty
}

// noStrategy stands for the strategy that matched where none did.
const noStrategy = -1

// evaluate reports whether a flag is on, and which strategy matched.
func (s *Set) evaluate(p *program, c *Context) (strategy int, on bool) {
	if !p.on || p.dependent && !s.satisfied(p.extra.parents, c) {
		return noStrategy, false
	}
	ops := p.ops()
	for pc := 0; pc < len(ops); {
		o := &ops[pc]
		switch {
		case !s.holds(o, c):
			pc = int(o.next)
		case o.last:
			return int(o.strategy), true
		default:
			pc++
		}
	}
	return noStrategy, false
}

// satisfied reports whether all dependencies hold.
func (s *Set) satisfied(parents []parent, c *Context) bool {
	for i := range parents {
		if !s.holdsParent(&parents[i], c) {
			return false
		}
	}
	return true
}

// holdsParent reports whether one dependency holds. A parent with parents of
// its own never satisfies one, which also ends every cycle.
func (s *Set) holdsParent(q *parent, c *Context) bool {
	if q.flag < 0 {
		return false
	}
	p := &s.programs[q.flag]
	if p.dependent {
		return false
	}
	strategy, on := s.evaluate(p, c)
	if !on || on != q.enabled || len(q.variants) == 0 {
		return on == q.enabled
	}
	return slices.Contains(q.variants, s.variant(p, strategy, c).Name)
}

// variant returns the variant of a flag that is on: of the strategy that
// matched, or else of the flag.
func (s *Set) variant(p *program, strategy int, c *Context) Variant {
	ch := p.choice(strategy)
	if ch == nil {
		return noVariant(true)
	}
	return s.choose(ch, c)
}

func (p *program) choice(strategy int) *choice {
	if p.extra == nil {
		return nil
	}
	if x := p.extra.strategies; strategy < len(x) && strategy != noStrategy && x[strategy] != nil {
		return x[strategy]
	}
	return p.extra.variants
}
