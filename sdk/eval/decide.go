package eval

// Decision is an evaluation and what decided it: Explanation without the words.
type Decision struct {
	Variant  Variant // its FeatureEnabled is what Set.Bool answers
	Reason   Reason
	Basis    Basis
	Strategy int // the one that matches, from 0; -1 for none
}

// Basis says what of the context a Decision came from. OpenFeature's reasons
// of a normal evaluation name the same four.
type Basis uint8

// The bases of a Decision, from the weakest.
const (
	BasisStatic    Basis = iota // nothing: it is the same for every context
	BasisDefault                // no rule matched it, and this is what is left
	BasisTargeting              // the values of fields
	BasisSplit                  // a hash of one, or chance
)

// Decide evaluates a flag as Bool and Variant do, at once, and says what
// decided. It allocates nothing.
func (s *Set) Decide(flag string, c *Context) Decision {
	return s.decision(s.lookup(flag), c)
}

// DecideAt is Decide for the flag with number i; ReasonUnknown where no flag
// has it.
func (s *Set) DecideAt(i int, c *Context) Decision { return s.decision(s.at(i), c) }

func (s *Set) decision(p *program, c *Context) Decision {
	d := Decision{Variant: noVariant(false), Strategy: noStrategy}
	if c == nil {
		c = &nobody
	}
	switch {
	case !p.known():
		d.Reason = ReasonUnknown
	case p.extra.problem != "":
		d.Reason = ReasonInvalid
	case !p.on():
		d.Reason = ReasonDisabled
	case p.dependent() && !s.satisfied(p.extra.parents, c):
		d.Reason, d.Basis = ReasonParent, BasisDefault
	default:
		s.decide(&d, p, c)
	}
	return d
}

// decide takes the steps of evaluate, and notes on what they depend. Of the
// strategies that were tried in vain a rollout weighs most: a context that lost
// one is split off by it.
func (s *Set) decide(d *Decision, p *program, c *Context) {
	tried, own := BasisStatic, BasisStatic
	ops := p.ops()
	for pc := 0; pc < len(ops); {
		o := &ops[pc]
		own = max(own, p.basis(o, pc))
		switch {
		case !s.holds(o, c):
			tried, own, pc = max(tried, own), BasisStatic, int(o.next)
		case o.last:
			d.match(int(o.strategy))
			if d.Basis = own; own == BasisStatic {
				d.Basis = left(tried)
			}
			s.decideVariant(d, p, c)
			return
		default:
			pc++
		}
	}
	d.Reason, d.Basis = ReasonNoMatch, max(left(tried), BasisDefault)
}

// match notes the strategy that matches, noStrategy in a flag without any.
func (d *Decision) match(strategy int) {
	d.Reason, d.Strategy = ReasonMatch, strategy
	if strategy == noStrategy {
		d.Reason = ReasonNoStrategy
	}
}

// decideVariant adds the variant of a flag that is on.
func (s *Set) decideVariant(d *Decision, p *program, c *Context) {
	d.Variant, _ = s.variant(p, d.Strategy, c)
	ch := p.choice(d.Strategy)
	if ch == nil {
		return
	}
	switch _, overridden := s.overridden(ch, c); {
	case overridden:
		d.Basis = max(d.Basis, BasisTargeting)
	case ch.several():
		d.Basis = BasisSplit
	}
}

// basis returns what of a context the op at pc looks at. A release's own
// rollout splits at every percentage, since what it decides are arms.
func (p *program) basis(o *op, pc int) Basis {
	switch o.code {
	case opNever, opAlways:
		return BasisStatic
	case opRollout:
		if 0 < o.percent && o.percent < 100 || p.extra.release != nil && p.extra.release.rule == pc {
			return BasisSplit
		}
		return BasisStatic
	default:
		return BasisTargeting
	}
}

// left is the basis of what is left to contexts that strategies with the basis
// tried did not match.
func left(tried Basis) Basis {
	if tried == BasisTargeting {
		return BasisDefault
	}
	return tried
}

// several reports whether more than one variant can be chosen.
func (ch *choice) several() bool {
	for _, until := range ch.until {
		if until > 0 {
			return until < ch.total
		}
	}
	return false
}
