package eval

import "slices"

// program is a flag compiled: what a check of most flags reads, in half a cache
// line, so that a check of one flag among many touches little memory. The zero
// program is that of a number without a flag.
type program struct {
	extra   *extra // nil for a number without a flag
	prefix  prefix // modeRollout
	name    uint32 // where in the Set's names
	tag     uint32 // Options.Tag's
	mode    mode
	field   field // modeRollout
	percent uint8 // modeRollout
}

// mode says how a check of a flag goes. What a single op decides alone is
// decided without reading it.
type mode uint8

const (
	modeUnknown mode = iota // a name that has a number, and is no flag's
	modeOff                 // not enabled, or it does not compile
	modeAlways              // on for everyone
	modeRollout             // a rollout, sticky on what is not a property
	modeRun                 // parents, then ops
)

func (p *program) known() bool { return p.mode != modeUnknown }

// on reports whether the flag is enabled and compiles.
func (p *program) on() bool { return p.mode > modeOff }

func (p *program) dependent() bool { return p.extra != nil && len(p.extra.parents) > 0 }

// ops returns the ops of a flag, at least one if it compiles.
func (p *program) ops() []op { return p.extra.ops }

// shorten sets the mode of a flag that is on, and what it needs.
func (p *program) shorten() {
	p.mode = modeRun
	if len(p.extra.ops) > 1 || p.dependent() {
		return
	}
	switch o := &p.extra.ops[0]; {
	case o.code == opAlways:
		p.mode = modeAlways
	case o.code == opRollout && o.field != fieldProperty:
		p.mode, p.prefix, p.field, p.percent = modeRollout, o.prefix, o.field, o.percent
	}
}

// extra is all that a flag is compiled to.
type extra struct {
	ops        []op
	parents    []parent
	variants   *choice   // the flag's own
	strategies []*choice // by strategy; nil for one without variants
	release    *release
	names      []string // of variants, the disabled one first; nil for that one alone
	problem    string   // why the flag does not compile; "" if it does
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

// variantNames returns every name of a variant that the flag can answer with.
func (x *extra) variantNames() []string {
	if x != nil && x.names != nil {
		return x.names
	}
	return onlyDisabled
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

// evaluate reports whether a flag is on, and if so which strategy matched: the
// first, in a flag without any. What the last op decides is returned rather
// than asked: half of the answers of a rollout would be guessed wrongly by a
// processor that meets a branch.
func (s *Set) evaluate(p *program, c *Context) (strategy int, on bool) {
	switch p.mode {
	case modeRollout:
		if p.field == fieldUserID && c.UserID != "" {
			return 0, p.percent == 100 || p.prefix.sum(c.UserID)%rolloutModulus < uint32(p.percent)
		}
		id, ok := s.standard(p.field, c)
		return 0, s.within(p.prefix, p.field, p.percent, id, ok)
	case modeAlways:
		return 0, true
	case modeRun:
		if p.dependent() && !s.satisfied(p.extra.parents, c) {
			return noStrategy, false
		}
		return s.run(p.extra.ops, c)
	default:
		return noStrategy, false
	}
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
	if !p.known() || p.dependent() {
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
