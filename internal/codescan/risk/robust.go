package risk

import (
	"fmt"
	"strings"
)

// robustness gives points for errors that are handled less.
func (c *change) robustness() {
	var gone, fresh, waitedFor, waits int
	var swallows []Contribution
	for _, f := range c.live {
		if f.kind == kindJS && !f.ui {
			waitedFor += countLines(f.del, awaits)
			waits += countLines(f.add, awaits)
		}
		if f.class != Code {
			continue
		}
		gone += countErrors(f.del)
		fresh += countErrors(f.add)
		for _, l := range f.add {
			if l.swallows() {
				swallows = append(swallows, Contribution{Path: f.path, Line: l.number, Why: l.text})
			}
		}
	}
	if gone > fresh {
		c.add(min(10, 3+2*(gone-fresh)), "robust.error_handling_removed", fmt.Sprintf("%d removed, %d added", gone, fresh))
	}
	if waitedFor > waits {
		c.add(6, "robust.await_removed", fmt.Sprintf("%d removed, %d added", waitedFor, waits))
	}
	if len(swallows) > 0 {
		first := swallows[0]
		c.at(min(6, 2+len(swallows)), "robust.swallowed", first.Path, first.Line, first.Why)
	}
}

// countErrors returns how many lines handle an error.
func countErrors(lines []*line) int {
	n := 0
	for _, l := range lines {
		if l.matches(errorHandling, l.blank) || strings.Contains(l.blank, "err") && errorReturn.in(l.blank) {
			n++
		}
	}
	return n
}

// swallows reports whether a line passes over an error, or over what a linter
// says.
func (l *line) swallows() bool {
	return l.text[0] == '_' && discarded.in(l.text) || l.matches(swallowed, l.text)
}
