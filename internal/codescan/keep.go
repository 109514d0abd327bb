package codescan

import (
	"regexp"
	"strings"
)

// keep is an annotation that a reference stays: lockflight:keep KEY [until
// YYYY-MM-DD] [reason], in a comment.
type keep struct {
	key, until, reason string
	from, to           int // the lines that it covers
	line               int // where it stands
}

var keepForm = regexp.MustCompile(`lockflight:keep\s+([\w.:/-]+)(?:[ \t]+until[ \t]+(\d{4}-\d\d-\d\d))?(?:[ \t]+([^\n]*))?`)

var commentWord = regexp.MustCompile(`[A-Za-z0-9][\w.:/-]{1,99}`)

// remark keeps what a comment says: the words that could be keys, and an
// annotation that covers its own lines and the next one.
func (f *Facts) remark(at place, comment string, lines int) *keep {
	for _, m := range commentWord.FindAllStringIndex(comment, -1) {
		p := at
		if n := strings.Count(comment[:m[0]], "\n"); n > 0 {
			p = place{at.line + n, m[0] - strings.LastIndexByte(comment[:m[0]], '\n')}
		} else {
			p.col += m[0]
		}
		f.comments = append(f.comments, literal{p, strings.TrimRight(comment[m[0]:m[1]], ".:/-")})
	}
	if !strings.Contains(comment, "lockflight:keep") {
		return nil
	}
	m := keepForm.FindStringSubmatch(comment)
	if m == nil {
		return nil
	}
	reason := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(m[3]), "*/"))
	f.keeps = append(f.keeps, keep{key: m[1], until: m[2], reason: reason, from: at.line, to: at.line + lines, line: at.line})
	return &f.keeps[len(f.keeps)-1]
}

// annotations reads the comments of a file in tokens.
func (e *extractor) annotations() {
	for _, c := range e.comments {
		body := e.all[c.start:c.end]
		last := c.line + strings.Count(strings.TrimRight(body, "\n"), "\n")
		k := e.facts.remark(place{c.line, e.column(c.line, c.start)}, body, last-c.line+1)
		if k == nil {
			continue
		}
		next := e.after(c.start)
		switch {
		case next >= len(e.list):
		case next == 0:
			k.to = len(e.lines)
		case e.line(next) == last+1 || e.line(next) == last && e.line(next-1) != last:
			k.to = max(k.to, e.functionEnd(next))
		}
	}
}

// after returns the first token behind an offset.
func (e *extractor) after(offset int) int {
	lo, hi := 0, len(e.list)
	for lo < hi {
		if mid := (lo + hi) / 2; e.list[mid].start < offset {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// functionEnd returns the last line of the function whose head is the line of
// token i, 0 where that is none.
func (e *extractor) functionEnd(i int) int {
	line := e.line(i)
	isFunction := false
	for j := i; j < len(e.list) && e.line(j) == line; j++ {
		switch e.at(j) {
		case "function", "def", "func", "fun", "fn":
			isFunction = true
		case "if", "for", "while", "switch", "return":
			return 0
		}
		if e.lang == Python && isFunction {
			end := j
			for end+1 < len(e.list) && (e.line(end+1) == line || e.place(end+1).col > e.place(i).col) {
				end++
			}
			return e.line(end)
		}
		if e.is(j, '{') && (isFunction || e.is(j-1, ')') || e.is(j-1, '>')) {
			return e.line(min(e.closing(j), len(e.list)-1))
		}
	}
	return 0
}

// Kept returns the lines on which annotations keep a flag on a day, YYYY-MM-DD.
func (f Facts) Kept(key, today string) []int {
	var lines []int
	for _, k := range f.keeps {
		if k.key != key || k.until != "" && k.until < today {
			continue
		}
		for line := k.from; line <= k.to; line++ {
			lines = append(lines, line)
		}
	}
	return lines
}
