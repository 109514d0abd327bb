package risk

import (
	"errors"
	"unicode/utf8"
)

// The limits of a diff. What is larger is scored by the sizes of its files alone,
// and is medium at least.
const (
	MaxDiff  = 1 << 20
	MaxFiles = 2000
)

// Request is what Evaluate is asked about.
type Request struct {
	Diff string // a unified diff, as git writes it
}

// Result is the answer about a change.
type Result struct {
	Rubric        string         `json:"rubric"`
	Score         int            `json:"score"` // 0 to 100
	Band          Band           `json:"band"`
	Contributions []Contribution `json:"contributions"` // their points sum to Score
}

// Evaluate scores a change. The error says that the request is no diff.
func Evaluate(r Request) (Result, error) {
	if !utf8.ValidString(r.Diff) {
		return Result{}, errors.New("diff: is not UTF-8 text")
	}
	c := read(parse(r.Diff))
	c.weigh()
	score := c.sum()
	return Result{Rubric: Rubric, Score: score, Band: BandOf(score), Contributions: c.rows}, nil
}
