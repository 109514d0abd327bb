package risk

import "slices"

// Band is a range of scores.
type Band string

// The bands.
const (
	Low    Band = "low"    // 0 to 19
	Medium Band = "medium" // 20 to 59
	High   Band = "high"   // 60 to 100
)

// BandOf returns the band of a score.
func BandOf(score int) Band {
	switch {
	case score < 20:
		return Low
	case score < 60:
		return Medium
	}
	return High
}

// weigh gathers all contributions.
func (c *change) weigh(r *Repository) {
	c.subjects()
	c.hazards()
	c.robustness()
	c.declarations()
	c.size()
	c.operations()
	c.mitigations()
	c.blast(r)
	c.lift()
	c.ceilings()
}

// harmless are the classes that do not run where users are.
var harmless = []Class{Docs, Test, Example, Asset, Generated, Vendored, Lock}

// classSet has a bit for each class.
type classSet map[Class]bool

// within reports whether all classes of the set are among allowed.
func (s classSet) within(allowed ...Class) bool {
	left := len(s)
	for _, class := range allowed {
		if s[class] {
			left--
		}
	}
	return left == 0
}

// ceilings lowers the score of what does no harm. A secret has none.
func (c *change) ceilings() {
	if !c.fires("op.secret") {
		if limit, id, why := c.limit(); id != "" {
			c.ceiling(limit, "ceiling."+id, why)
		}
	}
	c.ceiling(100, "ceiling.max", "")
}

func (c *change) limit() (points int, id, why string) {
	touched := classSet{}
	for _, f := range c.files {
		if f.effective > 0 {
			touched[f.class] = true
		}
	}
	build := slices.Concat(harmless, []Class{CI, Tooling})
	switch {
	case len(touched) == 0 && len(c.bumps) == 0:
		return 3, "no_effective_line", "only comments, white space, moves, imports or renames"
	case touched.within(Docs):
		return 2, "docs", "documentation only"
	case touched.within(Docs, Test):
		return 8, "tests", "tests and documentation only"
	case touched.within(Docs, Test, Example):
		return 9, "examples", "tests, examples and documentation only"
	case touched.within(harmless...):
		if touched[Vendored] || touched[Generated] {
			return 12, "harmless", "no production code written by hand"
		}
		return 10, "harmless", "no production code written by hand"
	case touched.within(build...):
		if c.has(privilegeID) {
			return 30, "tooling", "build and CI only"
		}
		return 15, "tooling", "build and CI only"
	case touched.within(slices.Concat(build, []Class{Dep})...):
		return 36, "dependency", "dependencies and build only"
	}
	return 0, "", ""
}

// has reports whether a contribution has been given.
func (g *ledger) has(id string) bool {
	return slices.ContainsFunc(g.rows, func(row Contribution) bool { return row.ID == id })
}
