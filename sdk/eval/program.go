package eval

import "slices"

// program is a flag compiled. What a check of most flags reads lies in it, and
// it fills a cache line of 64 bytes, so that a check of one flag among many
// touches little memory.
type program struct {
	name      string
	single    [1]op  // the op of a flag that has one
	extra     *extra // nil for most
	known     bool   // a flag, and not just a name that has a number
	on        bool   // enabled, and it compiles
	dependent bool   // has parents
	simple    bool   // its single op decides alone whether it is on
}

// extra is what a flag may have beyond a single op.
type extra struct {
	ops        []op // all of them, where there are more
	parents    []parent
	variants   *choice   // the flag's own
	strategies []*choice // by strategy; nil for one without variants
	release    *release
	names      []string // of variants, the disabled one first; nil for that one alone
	problem    string   // why the flag does not compile; "" if it does
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

// place collects the names of the variants.
func (x *extra) place() {
	names := onlyDisabled
	for _, ch := range append([]*choice{x.variants}, x.strategies...) {
		if ch != nil {
			names = ch.place(names)
		}
	}
	if len(names) > 1 {
		x.names = names
	}
}

// parent is a dependency resolved. A parent that does not exist has a number
// too, for the day on which it does.
type parent struct {
	flag     int32
	enabled  bool
	variants []string // any of these, if not empty
}

// noStrategy stands for the strategy that matched where none did.
const noStrategy = -1

// evaluate reports whether a flag is on, and if so which strategy matched.
// What the last op decides is returned rather than asked: half of the answers
// of a rollout would be guessed wrongly by a processor that meets a branch.
func (s *Set) evaluate(p *program, c *Context) (strategy int, on bool) {
	if !p.on {
		return noStrategy, false
	}
	if p.simple {
		o := &p.single[0]
		return int(o.strategy), o.code == opAlways || s.holds(o, c)
	}
	if p.dependent && !s.satisfied(p.extra.parents, c) {
		return noStrategy, false
	}
	return s.run(p.ops(), c)
}

// run tries the strategies of a flag in order, until one matches.
func (s *Set) run(ops []op, c *Context) (strategy int, on bool) {
	for pc := 0; pc < len(ops); {
		o := &ops[pc]
		holds := s.holds(o, c)
		switch {
		case !o.last && holds:
			pc++
		case o.last && (int(o.next) >= len(ops) || holds):
			return int(o.strategy), holds
		default:
			pc = int(o.next)
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
	p := s.program(q.flag)
	if !p.known || p.dependent {
		return false
	}
	strategy, on := s.evaluate(p, c)
	if !on || on != q.enabled || len(q.variants) == 0 {
		return on == q.enabled
	}
	v, _ := s.variant(p, strategy, c)
	return slices.Contains(q.variants, v.Name)
}

// variant returns the variant of a flag that is on, of the strategy that
// matched or else of the flag, and the place of its name.
func (s *Set) variant(p *program, strategy int, c *Context) (v Variant, place int) {
	ch := p.choice(strategy)
	if ch == nil {
		return noVariant(true), 0
	}
	i := s.choose(ch, c)
	if i == nowhere {
		return noVariant(true), 0
	}
	return ch.variants[i], ch.places[i]
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
