package risk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The limits of a diff. What is larger is scored by the number of its lines and
// files alone, and is medium at least.
const (
	MaxDiff  = 1 << 20 // bytes
	MaxFiles = 2000
)

// Request is what Evaluate is asked about. Only Diff and Repository can change
// the score.
type Request struct {
	Diff        string         // a unified diff, as git writes it
	Repository  *Repository    // what is known of the repository; nil for nothing
	NamePattern *regexp.Regexp // of the project's flags; nil for any
	Names       []string       // flags that there are already
}

// Result is the answer about a change.
type Result struct {
	ID            string         `json:"id"` // SHA-256 of what the answer follows from
	Rubric        string         `json:"rubric"`
	Score         int            `json:"score"` // 0 to 100
	Band          Band           `json:"band"`
	Contributions []Contribution `json:"contributions"` // their points sum to Score
	Classes       map[Class]int  `json:"classes"`       // effective lines by what files are for
	Advice
}

// Evaluate scores a change and says what to do with it. The same request always
// gets the same answer. The error says that the diff is none.
func Evaluate(r Request) (Result, error) {
	switch {
	case !utf8.ValidString(r.Diff):
		return Result{}, errors.New("diff: is not UTF-8 text")
	case strings.TrimSpace(r.Diff) != "" && !strings.Contains(r.Diff, "@@") && !strings.Contains(r.Diff, "diff --git "):
		return Result{}, errors.New("diff: has no file and no hunk; what is read is a unified diff, such as git diff writes")
	}
	if len(r.Diff) > MaxDiff || strings.Count(r.Diff, "\n+++ ") > MaxFiles {
		return r.answer(truncated(r.Diff)), nil
	}
	c := read(parse(r.Diff))
	c.weigh(r.Repository)
	return r.answer(c), nil
}

func (r Request) answer(c *change) Result {
	score := c.sum()
	out := Result{
		ID: r.identity(), Rubric: Rubric, Score: score, Band: BandOf(score),
		Contributions: slices.Concat([]Contribution{}, c.rows), Classes: map[Class]int{},
		Advice: c.advise(score, r),
	}
	for _, f := range c.files {
		out.Classes[f.class] += f.effective
	}
	return out
}

// identity returns the digest of what the score follows from. Each part is
// preceded by its length, so that no two requests share one.
func (r Request) identity() string {
	h := sha256.New()
	for _, part := range []string{Rubric, r.Diff, r.Repository.facts()} {
		_, _ = io.WriteString(h, strconv.Itoa(len(part))+" ")
		_, _ = io.WriteString(h, part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// truncated scores a diff that is too large to be read line by line.
func truncated(diff string) *change {
	c := &change{}
	lines := 0
	var path string
	seen := map[string]bool{}
	for text := range strings.SplitSeq(diff, "\n") {
		switch {
		case strings.HasPrefix(text, "+++ "), strings.HasPrefix(text, "--- "):
			if name := bare(text[len("+++ "):]); name != devNull {
				path = name
			}
		case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "-"):
			lines++
			if !seen[path] && len(seen) < MaxFiles {
				seen[path] = true
			}
		}
	}
	c.add(min(20, floorLog2(26, 1+lines)), "size.churn", count(lines, "line"))
	c.add(min(4, floorLog2(10, max(1, len(seen)))), "size.spread", count(len(seen), "file"))
	c.add(max(0, 20-c.sum()), "size.truncated", "too large to be read line by line; split it")
	return c
}
