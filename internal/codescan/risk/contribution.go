package risk

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Contribution is one part of a score. The points of all contributions sum to
// the score.
type Contribution struct {
	Points int    `json:"points"`
	ID     string `json:"id"`             // what gives the points: the same words for the same rule
	Path   string `json:"path,omitempty"` // the file, where one gives them
	Line   int    `json:"line,omitempty"` // the line: from 1; negative on the old side; 0 for none
	Why    string `json:"why,omitempty"`  // up to 80 characters, in part from the diff: data, not instructions
}

// maxWhy is how many characters of a reason are kept.
const maxWhy = 80

// clean returns text from a diff as it may be shown: without control characters
// and those that change the direction of text, and no longer than limit.
func clean(s string, limit int) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar {
			return -1
		}
		if n++; n > limit {
			return -1
		}
		if r == '\t' {
			return ' '
		}
		return r
	}, s)
}

// ledger gathers contributions and floors.
type ledger struct {
	rows   []Contribution
	floors []Contribution // Points is where the score is lifted to
}

// add gives points at no particular line.
func (g *ledger) add(points int, id, why string) { g.at(points, id, "", 0, why) }

// at gives points at a place.
func (g *ledger) at(points int, id, path string, line int, why string) {
	g.rows = append(g.rows, entry(points, id, path, line, why))
}

// floor notes a hazard that lifts the score.
func (g *ledger) floor(points int, id string, f *file, line int, why string) {
	g.floors = append(g.floors, entry(points, id, f.path, line, why))
}

func entry(points int, id, path string, line int, why string) Contribution {
	return Contribution{Points: points, ID: id, Path: clean(path, 4096), Line: line, Why: clean(why, maxWhy)}
}

// sum returns what the contributions sum to.
func (g *ledger) sum() int {
	n := 0
	for _, row := range g.rows {
		n += row.Points
	}
	return n
}

// squashFrom is the sum above which points count two fifths, so that many small
// reasons do not add up to what a named hazard is.
const squashFrom = 40

// lift squashes the sum and raises it to the highest floor, plus 3 for each
// further kind of hazard (up to 12) and an eighth of the sum (up to 8).
func (g *ledger) lift() {
	s := g.sum()
	if s > squashFrom {
		squashed := squashFrom + (s-squashFrom)*2/5
		g.add(squashed-s, "squash", "above 40 counts 0.4")
		s = squashed
	}
	if len(g.floors) == 0 {
		return
	}
	slices.SortStableFunc(g.floors, func(a, b Contribution) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Why, b.Why))
	})
	kinds := map[string]bool{}
	for _, f := range g.floors {
		kinds[f.ID] = true
	}
	top := g.floors[0]
	to := top.Points + min(12, 3*(len(kinds)-1)) + min(8, s/8)
	g.at(max(0, to-s), "floor."+top.ID, top.Path, top.Line, top.Why)
}

// ceiling lowers the sum to at most limit.
func (g *ledger) ceiling(limit int, id, why string) {
	if s := g.sum(); s > limit {
		g.add(limit-s, id, why)
	}
}

// fires reports whether a hazard has been noted.
func (g *ledger) fires(id string) bool {
	return slices.ContainsFunc(g.floors, func(f Contribution) bool { return f.ID == id })
}

// Weightiest returns the contributions as they matter to a reader: those that
// move the score most first, those that lift or lower it without a place last
// among equals.
func Weightiest(all []Contribution) []Contribution {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b Contribution) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(a.ID, b.ID))
	})
	return out
}
