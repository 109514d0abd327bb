package risk

import (
	"fmt"
	"slices"
)

// mitigations takes points away for tests, for code that nothing calls yet, and
// for what is behind a flag already.
func (c *change) mitigations() {
	tests, positive := 0, c.sum()
	for _, f := range c.files {
		if f.class == Test {
			tests += f.effective
		}
	}
	if c.lines >= 3 {
		switch {
		case tests >= 6 && 4*tests >= c.lines:
			c.add(-min(8, positive/6), "mitigate.tests", fmt.Sprintf("%s for %d", count(tests, "test line"), c.lines))
		case tests == 0 && c.lines >= 15 && !c.ui:
			c.add(4, "robust.no_tests", "code without test")
		}
	}
	fresh := 0
	for _, f := range c.live {
		if f.status == created {
			fresh += len(f.add)
		}
	}
	if c.lines >= 20 && 10*fresh > 9*c.lines {
		c.add(-min(8, positive/5), "mitigate.new_files_only", "nothing existing changes")
	}
	if guarded, all := c.flagged(); guarded > 0 {
		c.add(-12*guarded/all, "mitigate.flag_guard", fmt.Sprintf("%d of %s under a flag", guarded, count(all, "hunk")))
	}
}

// flagged returns how many of the hunks of code with changes are under a flag,
// and how many there are.
func (c *change) flagged() (guarded, all int) {
	for _, f := range c.live {
		if f.class != Code {
			continue
		}
		for i := range f.hunks {
			h := &f.hunks[i]
			first := slices.IndexFunc(h.lines, func(l line) bool { return l.sign != ' ' })
			if first < 0 {
				continue
			}
			all++
			if h.underFlag(first) {
				guarded++
			}
		}
	}
	return guarded, all
}

// underFlag reports whether what a hunk changes, from its line first on, is inside
// a branch on a flag, or brings one.
func (h *hunk) underFlag(first int) bool {
	for i := first - 1; i >= 0; i-- {
		if above := &h.lines[i]; above.matches(flagCall, above.raw) && flagOrUnless.in(above.raw) {
			return spaceBefore(h.lines[first].raw) > spaceBefore(above.raw)
		}
	}
	return slices.ContainsFunc(h.lines, func(l line) bool {
		return l.sign == '+' && l.matches(flagCall, l.raw) && flagBranch.in(l.raw)
	})
}
