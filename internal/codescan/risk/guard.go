package risk

import (
	"slices"
	"strings"
)

// guardHazards looks for guards that are gone, changed, new or short-circuited.
func (c *change) guardHazards(f *file) {
	for _, l := range f.del {
		if l.matches(constantTime, l.text) && !slices.ContainsFunc(f.add, func(a *line) bool { return a.matches(constantTime, a.text) }) {
			c.floor(65, "op.constant_time_removed", f, l.place(), l.text)
		}
	}
	for i := range f.hunks {
		c.guards(f, &f.hunks[i])
	}
	for i := range f.hunks {
		c.shortCircuit(f, &f.hunks[i])
	}
}

// guards compares the guards that a hunk removes with those it adds. Lines that
// moved are neither.
func (c *change) guards(f *file, h *hunk) {
	removed, added := h.sides()
	gone, _ := c.guardsOf(removed)
	fresh, everyAdded := c.guardsOf(added)
	about := f.words | h.words
	switch {
	case len(fresh) > 0 && len(gone) == 0 && f.status != created && (about|fresh[0].words)&aboutAuth != 0:
		points := 42
		if slices.ContainsFunc(fresh, func(l *line) bool { return bypass.in(l.blank) }) || bypass.in(h.head) {
			points = 56
		}
		c.floor(points, "op.guard_added", f, fresh[0].number, fresh[0].blank)
	case len(gone) > len(everyAdded):
		c.floor(60, "op.guard_removed", f, gone[0].place(), gone[0].blank)
	case len(gone) > 0:
		c.guardChanged(f, about, everyAdded[0])
	case f.status != created && about&aboutAuth != 0:
		c.refusalGone(f, removed, added)
	}
}

// refusalGone looks for an answer such as "forbidden" that code about access does
// not give any more, whatever the condition before it was.
func (c *change) refusalGone(f *file, removed, added []*line) {
	refuses := func(l *line) bool { return l.matches(refusal, l.blank) && c.moved[l.key] == 0 }
	gone := slices.IndexFunc(removed, refuses)
	if gone >= 0 && !slices.ContainsFunc(added, refuses) {
		c.floor(60, "op.guard_removed", f, removed[gone].place(), removed[gone].blank)
	}
}

func (c *change) guardChanged(f *file, about wordSet, to *line) {
	switch {
	case about&(aboutAuth|aboutCrypto) == 0 && to.words&aboutAuth == 0:
		c.at(5, "op.check_changed", f.path, to.number, to.blank)
	case nilGuard.in(to.blank):
		c.floor(50, "op.guard_changed", f, to.number, to.blank)
	default:
		c.floor(60, "op.guard_changed", f, to.number, to.blank)
	}
}

// guardsOf returns the lines that guard something: those that did not move, and
// all of them.
func (c *change) guardsOf(lines []*line) (live, all []*line) {
	for _, l := range lines {
		if l.words&(aboutAuth|guards) == 0 || !l.matches(guardStatement, l.blank) {
			continue
		}
		all = append(all, l)
		if c.moved[squeeze(l.blank, isSpace)] == 0 {
			live = append(live, l)
		}
	}
	return live, all
}

// shortCircuit looks for a constant answer inside code about access.
func (c *change) shortCircuit(f *file, h *hunk) {
	if f.status == created || (f.words|h.words)&(aboutAuth|aboutCrypto|checks) == 0 {
		return
	}
	for i := range h.lines {
		if l := &h.lines[i]; l.sign == '+' && l.matches(constantReturn, l.raw) {
			c.floor(60, "op.auth_short_circuit", f, l.number, strings.TrimSpace(l.source))
			return
		}
	}
}
