package risk

import (
	"regexp"
	"sync"
)

// pattern names one expression of the rubric.
type pattern uint8

// hints has a bit for each pattern that a text may match.
type hints uint64

// table is what is compiled once, at first use: the expressions, the words, and
// the automaton that tells which expressions are worth a try.
type table struct {
	expressions [patterns]*regexp.Regexp
	words       map[string]wordSet
	automaton   automaton
	always      hints // patterns without a literal that has to be there
	classes     classTable
}

var lexicon = sync.OnceValue(func() *table {
	t := &table{words: dictionary(), classes: newClassTable()}
	literals := map[string]hints{}
	for p, source := range expressions {
		t.expressions[p] = regexp.MustCompile(source)
		if pattern(p) < hinted {
			t.always |= addNeeds(literals, source, 1<<p)
		}
	}
	t.automaton = newAutomaton(literals)
	return t
})

// addNeeds notes the literals of an expression under its bit. It returns the bit
// where there are none, so that the expression is always tried.
func addNeeds(literals map[string]hints, expression string, bit hints) hints {
	needed, ok := needs(expression)
	if !ok {
		return bit
	}
	for _, literal := range needed {
		literals[literal] |= bit
	}
	return 0
}

// hints returns which patterns a text may match.
func (t *table) hints(text string) hints { return t.automaton.scan(text) | t.always }

// matches reports whether the pattern is found in text, which is the line's raw
// text or was made from it.
func (l *line) matches(p pattern, text string) bool {
	return (p >= hinted || l.hints&(1<<p) != 0) && lexicon().expressions[p].MatchString(text)
}

// match returns what the pattern finds in text, empty for nothing.
func (l *line) match(p pattern, text string) string {
	if l.hints&(1<<p) == 0 {
		return ""
	}
	return lexicon().expressions[p].FindString(text)
}

// in reports whether the pattern is found in a text that is not a line.
func (p pattern) in(text string) bool { return lexicon().expressions[p].MatchString(text) }
