package eval

import "fmt"

// Reason says what decided an evaluation.
type Reason string

// The reasons of an Explanation.
const (
	ReasonUnknown    Reason = "unknown"     // the Set has no such flag
	ReasonInvalid    Reason = "invalid"     // the flag does not compile
	ReasonDisabled   Reason = "disabled"    // the flag is switched off
	ReasonParent     Reason = "parent"      // a dependency does not hold
	ReasonNoStrategy Reason = "no_strategy" // the flag is on and has no strategy
	ReasonMatch      Reason = "match"       // a strategy matches
	ReasonNoMatch    Reason = "no_match"    // none does
)

// Explanation says how a flag was decided for one context. Enabled and Variant
// are what Set.Bool and Set.Variant answer, where nothing is left to chance.
type Explanation struct {
	Flag       string          `json:"flag"`
	Known      bool            `json:"known"`
	Enabled    bool            `json:"enabled"`
	Variant    Variant         `json:"variant"`
	Reason     Reason          `json:"reason"`
	Strategy   int             `json:"strategy"`             // the one that matches, from 0; -1 for none
	Parent     string          `json:"parent,omitempty"`     // the one whose dependency does not hold
	Strategies []StrategyTrace `json:"strategies,omitempty"` // those tried, in order
	Message    string          `json:"message"`              // the reason in words
}

// StrategyTrace says why one strategy matches, or what in it does not hold:
// a constraint, of the segment where there is one, or else its own rule.
type StrategyTrace struct {
	Name       string `json:"name"`
	Matches    bool   `json:"matches"`
	Segment    *int   `json:"segment,omitempty"`    // the id
	Constraint *int   `json:"constraint,omitempty"` // from 0, in the segment or the strategy
	Message    string `json:"message"`
}

// Explain evaluates a flag as Bool and Variant do, and says what decided. The
// messages hold values of the context.
func (s *Set) Explain(flag string, c *Context) Explanation {
	if c == nil {
		c = &nobody
	}
	e := Explanation{Flag: flag, Strategy: noStrategy, Variant: noVariant(false)}
	i, known := s.Index(flag)
	if !known {
		e.Reason, e.Message = ReasonUnknown, "no such flag"
		return e
	}
	e.Known = true
	s.explain(&e, i, c)
	if e.Enabled {
		e.Variant, _ = s.variant(s.at(i), e.Strategy, c)
	}
	return e
}

// explain takes the steps of evaluate, and notes the one that decides.
func (s *Set) explain(e *Explanation, i int, c *Context) {
	p, f := s.at(i), s.Flag(i)
	if p.extra.problem != "" {
		e.Reason, e.Message = ReasonInvalid, "the flag does not compile: "+p.extra.problem
		return
	}
	if !p.on() {
		e.Reason, e.Message = ReasonDisabled, "the flag is switched off"
		return
	}
	for j, d := range f.Dependencies {
		if q := &p.extra.parents[j]; !s.holdsParent(q, c) {
			e.Reason, e.Parent, e.Message = ReasonParent, d.Feature, s.explainParent(d.Feature, q)
			return
		}
	}
	if len(f.Strategies) == 0 {
		e.Reason, e.Enabled, e.Message = ReasonNoStrategy, true, "the flag is on and has no strategy"
		return
	}
	s.explainStrategies(e, p, f, c)
}

// explainParent says what a dependency that does not hold asks for.
func (s *Set) explainParent(name string, q *parent) string {
	switch p := s.program(q.flag); {
	case !p.known():
		return fmt.Sprintf("the parent %q does not exist", name)
	case p.dependent():
		return fmt.Sprintf("the parent %q depends on another flag itself", name)
	case !q.enabled:
		return fmt.Sprintf("the parent %q is on, and must be off", name)
	case len(q.variants) > 0:
		return fmt.Sprintf("the parent %q must be on with a variant of %s", name, some(q.variants))
	default:
		return fmt.Sprintf("the parent %q is off", name)
	}
}

// explainStrategies tries the strategies in order, up to the first that
// matches.
func (s *Set) explainStrategies(e *Explanation, p *program, f *Flag, c *Context) {
	ops := p.ops()
	for i, st := range f.Strategies {
		n := 1
		for !ops[n-1].last {
			n++
		}
		t := s.trace(st, ops[:n], c)
		ops = ops[n:]
		e.Strategies = append(e.Strategies, t)
		if t.Matches {
			e.Reason, e.Enabled, e.Strategy = ReasonMatch, true, i
			e.Message = fmt.Sprintf("strategy %d (%s) matches: %s", i, st.Name, t.Message)
			return
		}
	}
	e.Reason = ReasonNoMatch
	last := len(e.Strategies) - 1
	e.Message = fmt.Sprintf("no strategy matches; strategy %d (%s): %s", last, f.Strategies[last].Name, e.Strategies[last].Message)
}

// trace tries the ops of one strategy, which stand in the order in which
// compileStrategy laid them out.
func (s *Set) trace(st Strategy, ops []op, c *Context) StrategyTrace {
	for _, id := range st.Segments {
		for i, constraint := range s.segments[id].document.Constraints {
			if !s.holds(&ops[0], c) {
				return StrategyTrace{
					Name: st.Name, Segment: &id, Constraint: &i,
					Message: fmt.Sprintf("segment %d: %s", id, s.explainConstraint(constraint, &ops[0], c)),
				}
			}
			ops = ops[1:]
		}
	}
	for i, constraint := range st.Constraints {
		if !s.holds(&ops[0], c) {
			return StrategyTrace{Name: st.Name, Constraint: &i, Message: s.explainConstraint(constraint, &ops[0], c)}
		}
		ops = ops[1:]
	}
	matches := s.holds(&ops[0], c)
	return StrategyTrace{Name: st.Name, Matches: matches, Message: s.explainRule(st, &ops[0], matches, c)}
}
