package risk

import "fmt"

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
		gone += countLines(f.del, errorHandling)
		fresh += countLines(f.add, errorHandling)
		for _, l := range f.add {
			if l.matches(swallowed, l.text) {
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
