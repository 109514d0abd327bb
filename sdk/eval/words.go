package eval

import (
	"fmt"
	"strings"
	"time"
)

// explainConstraint says in words that a constraint does not hold.
func (s *Set) explainConstraint(constraint Constraint, o *op, c *Context) string {
	var b strings.Builder
	b.WriteString(constraint.ContextName)
	if constraint.Inverted {
		b.WriteString(" not")
	}
	b.WriteString(" " + constraint.Operator + " ")
	if constraint.Value != "" {
		fmt.Fprintf(&b, "%q", constraint.Value)
	} else {
		b.WriteString(some(constraint.Values))
	}
	b.WriteString(" does not hold: ")
	if o.code == opTime {
		if t, ok := s.timeOf(c); ok {
			return b.String() + "it is " + t.Format(time.RFC3339)
		}
	}
	if v, ok := s.value(o, c); ok {
		return b.String() + fmt.Sprintf("it is %q", v)
	}
	return b.String() + "the context lacks it"
}

// explainRule says in words why the rule of a strategy matches or does not.
func (s *Set) explainRule(st Strategy, o *op, matches bool, c *Context) string {
	switch o.code {
	case opRollout:
		return s.explainRollout(o, matches, c)
	case opIn, opAddress:
		v, ok := s.value(o, c)
		if !ok {
			return "the context lacks the value to look for"
		}
		return fmt.Sprintf("%q is %sin the list", v, negation(matches))
	case opAlways:
		return "it has nothing left to test"
	default:
		switch st.Name {
		case "applicationHostname":
			return "this host is not in the list"
		case "flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId", "gradualRolloutRandom":
			return "its parameters are faulty"
		default:
			return "this engine does not have that strategy"
		}
	}
}

func (s *Set) explainRollout(o *op, matches bool, c *Context) string {
	id, ok := s.value(o, c)
	if ok {
		bucket := o.prefix.sum(id)%rolloutModulus + 1
		return fmt.Sprintf("%q is in bucket %d of 100, %sin the first %d", id, bucket, negation(matches), o.percent)
	}
	if o.field.byChance() {
		return fmt.Sprintf("by chance it is %sin the %d %%", negation(matches), o.percent)
	}
	return "the context lacks the value that decides the rollout"
}

func negation(holds bool) string {
	if holds {
		return ""
	}
	return "not "
}

// some quotes the beginning of a list.
func some(values []string) string {
	const shown = 3
	if len(values) > shown {
		return fmt.Sprintf("%q and %d more", values[:shown], len(values)-shown)
	}
	return fmt.Sprintf("%q", values)
}
