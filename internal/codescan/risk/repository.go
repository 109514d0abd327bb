package risk

import "fmt"

// Repository is what is known of the repository that a change is to, beyond its
// diff. Whoever asks finds it: Evaluate reads no files.
type Repository struct {
	Callers int // files that use an exported declaration that the change removes or changes
	FixedUp int // changed files with three commits or more that fix something, in 180 days
	Authors int // the most people who have changed one of the changed files
}

// facts returns the facts as text, for the identity of an answer.
func (r *Repository) facts() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%d %d %d", r.Callers, r.FixedUp, r.Authors)
}

// blast gives points for how far a change reaches, 8 at the most.
func (c *change) blast(r *Repository) {
	if r == nil || c.lines == 0 {
		return
	}
	left := 8
	give := func(points int, id, why string) {
		if points = min(points, left); points > 0 {
			left -= points
			c.add(points, id, why)
		}
	}
	for _, step := range []struct{ callers, points int }{{50, 6}, {20, 4}, {5, 2}} {
		if r.Callers >= step.callers {
			give(step.points, "blast.callers", count(r.Callers, "file")+" with callers")
			break
		}
	}
	if r.FixedUp > 0 {
		give(2, "blast.fixes", count(r.FixedUp, "file")+" fixed three times or more in 180 days")
	}
	if r.Authors >= 5 {
		give(2, "blast.authors", fmt.Sprintf("%d people have changed one file", r.Authors))
	}
}
