package risk

import (
	"regexp/syntax"
	"strings"
)

// needs returns literals, in lower case, one of which is in every text that the
// expression matches; ok is false where there are none. It is what makes trying
// dozens of expressions on a line cheap: one pass finds all literals, and few
// lines have any.
func needs(expression string) (literals []string, ok bool) {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, false
	}
	found := literalsOf(tree.Simplify())
	if found.exact != nil {
		found.keep(found.exact)
	}
	return found.needed, found.needed != nil
}

// maxExact bounds how many texts an expression may stand for to be spelled out.
const maxExact = 64

// requirement is what is known of the texts that an expression matches.
type requirement struct {
	exact  []string // all of them; nil where they are too many
	needed []string // else: one of these is in each; nil where that is not known
	edge   []string // one of these is how each begins, and one how it ends
}

// keep takes literals as needed where they are better than what is there: the
// longer the shortest of them, the rarer it is that one is there.
func (r *requirement) keep(literals []string) {
	if n := shortest(literals); n > 0 && (r.needed == nil || n > shortest(r.needed)) {
		r.needed = literals
	}
}

func shortest(literals []string) int {
	if len(literals) == 0 {
		return 0
	}
	n := len(literals[0])
	for _, s := range literals {
		n = min(n, len(s))
	}
	return n
}

func literalsOf(e *syntax.Regexp) requirement {
	switch e.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return requirement{exact: []string{""}}
	case syntax.OpLiteral:
		return requirement{exact: []string{strings.ToLower(string(e.Rune))}}
	case syntax.OpCharClass:
		return requirement{exact: members(e.Rune)}
	case syntax.OpCapture:
		return literalsOf(e.Sub[0])
	case syntax.OpPlus:
		inner := literalsOf(e.Sub[0])
		inner.keep(inner.exact)
		return requirement{needed: inner.needed, edge: inner.exact}
	case syntax.OpQuest:
		if inner := literalsOf(e.Sub[0]); inner.exact != nil {
			return requirement{exact: append([]string{""}, inner.exact...)}
		}
	case syntax.OpConcat:
		return sequence(e.Sub)
	case syntax.OpAlternate:
		return choice(e.Sub)
	default: // any character, any number of times
	}
	return requirement{}
}

// members returns the letters of a small class, each once in lower case.
func members(ranges []rune) []string {
	seen := map[string]bool{}
	var out []string
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			s := strings.ToLower(string(r))
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
			if len(out) > 8 {
				return nil
			}
		}
	}
	return out
}

// sequence joins neighbours that can be spelled out, and keeps the best run.
func sequence(parts []*syntax.Regexp) requirement {
	out := requirement{}
	run := []string{""}
	whole := true
	for _, part := range parts {
		r := literalsOf(part)
		if r.exact != nil && len(run)*len(r.exact) <= maxExact {
			run = product(run, r.exact)
			continue
		}
		whole = false
		next := []string{""}
		switch {
		case r.exact != nil:
			next = r.exact
		case r.edge != nil && len(run)*len(r.edge) <= maxExact:
			run, next = product(run, r.edge), r.edge
		default:
			out.keep(r.needed)
		}
		out.keep(run)
		run = next
	}
	if whole {
		return requirement{exact: run}
	}
	out.keep(run)
	return out
}

func product(heads, tails []string) []string {
	out := make([]string, 0, len(heads)*len(tails))
	for _, head := range heads {
		for _, tail := range tails {
			out = append(out, head+tail)
		}
	}
	return out
}

// choice needs what one of its alternatives needs.
func choice(parts []*syntax.Regexp) requirement {
	exact := []string{}
	var needed []string
	known := true
	for _, part := range parts {
		r := literalsOf(part)
		if r.exact == nil {
			exact = nil
		} else if exact != nil {
			exact = append(exact, r.exact...)
		}
		r.keep(r.exact)
		known = known && r.needed != nil
		needed = append(needed, r.needed...)
	}
	if exact != nil && len(exact) <= maxExact {
		return requirement{exact: exact}
	}
	if !known {
		needed = nil
	}
	return requirement{needed: needed}
}
