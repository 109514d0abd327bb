package risk

import (
	"slices"
	"strconv"
	"strings"
)

// status is what a diff does to a file.
type status byte

const (
	modified status = 'M'
	created  status = 'A'
	deleted  status = 'D'
	renamed  status = 'R'
)

// file is what a diff says of one file.
type file struct {
	path   string
	status status
	binary bool
	hunks  []hunk

	class Class
	kind  kind
	words wordSet // of the path
	ui    bool    // the file belongs to a user interface

	add, del  []*line // the effective lines of each side
	effective int     // how many
}

// hunk is one stretch of a file.
type hunk struct {
	head  string // what stands behind the second @@: most often the enclosing symbol
	words wordSet
	lines []line
}

// reader reads a unified diff, as git writes it or without git's headers. It
// takes everything: what it cannot read is passed over.
type reader struct {
	files    []*file
	inHunk   bool
	old, new int // the numbers of the next line, on each side
	oldLeft  int // how many lines of each side the hunk still has
	newLeft  int
	before   string // the path of the last line "--- path"
}

// parse reads a diff. The files are in the order of their paths, as git writes
// them, so that the order in a diff does not matter.
func parse(diff string) []*file {
	var p reader
	for text := range strings.SplitSeq(diff, "\n") {
		p.line(strings.TrimSuffix(text, "\r"))
	}
	slices.SortStableFunc(p.files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	return p.files
}

func (p *reader) line(text string) {
	switch {
	case strings.HasPrefix(text, "diff --git "):
		p.begin(gitPath(text))
		return
	case !p.inHunk && !p.header(text):
		return
	case strings.HasPrefix(text, "@@") && p.hunk(text):
		return
	case !p.inHunk:
		return
	case strings.HasPrefix(text, `\`): // "\ No newline at end of file"
		return
	case p.oldLeft <= 0 && p.newLeft <= 0:
		p.inHunk = false
		return
	}
	p.content(text)
}

func (p *reader) begin(path string) {
	p.files = append(p.files, &file{path: path, status: modified})
	p.inHunk = false
}

// current returns the file that is being read, nil before the first.
func (p *reader) current() *file {
	if len(p.files) == 0 {
		return nil
	}
	return p.files[len(p.files)-1]
}

// header reads a line between hunks and reports whether it may begin one.
func (p *reader) header(text string) bool {
	f := p.current()
	if path, ok := strings.CutPrefix(text, "+++ "); ok {
		path = bare(path)
		switch {
		case f == nil || path != devNull && len(f.hunks) > 0:
			p.begin(path)
		case f.path == unnamed && path != devNull:
			f.path = path
		case f.path == unnamed:
			f.path = p.before
		}
		return false
	}
	if path, ok := strings.CutPrefix(text, "--- "); ok {
		p.before = bare(path)
		return false
	}
	if f == nil {
		return false
	}
	switch {
	case strings.HasPrefix(text, "new file"):
		f.status = created
	case strings.HasPrefix(text, "deleted file"):
		f.status = deleted
	case strings.HasPrefix(text, "rename from "):
		f.status = renamed
	case strings.HasPrefix(text, "Binary files"), strings.HasPrefix(text, "GIT binary"):
		f.binary = true
	}
	return true
}

const (
	devNull = "/dev/null"
	unnamed = "?"
)

// bare returns the path of a line "--- a/x" or "+++ b/x" without its prefix and
// its time.
func bare(path string) string {
	path, _, _ = strings.Cut(path, "\t")
	if strings.HasPrefix(path, "a/") || strings.HasPrefix(path, "b/") {
		return path[2:]
	}
	return path
}

// gitPath returns the new path of a line "diff --git a/x b/x", unnamed where the
// line has no such prefixes: the lines after it have the name.
func gitPath(text string) string {
	text = strings.TrimPrefix(text, "diff --git ")
	if !strings.HasPrefix(strings.TrimPrefix(text, `"`), "a/") {
		return unnamed
	}
	plain, quoted := strings.Index(text, " b/"), strings.Index(text, ` "b/`)
	switch {
	case plain >= 0 && (quoted < 0 || plain < quoted):
		text = text[plain+len(" b/"):]
	case quoted >= 0:
		text = text[quoted+len(` "b/`):]
	default:
		return unnamed
	}
	return strings.TrimSuffix(text, `"`)
}

// hunk reads a line "@@ -1,2 +3,4 @@ head" and reports whether it is one.
func (p *reader) hunk(text string) bool {
	rest, ok := strings.CutPrefix(text, "@@ -")
	if !ok {
		return false
	}
	ranges, head, ok := strings.Cut(rest, " @@")
	if !ok {
		return false
	}
	before, after, ok := strings.Cut(ranges, " +")
	if !ok {
		return false
	}
	old, oldLeft, okOld := span(before)
	at, newLeft, okNew := span(after)
	if !okOld || !okNew {
		return false
	}
	p.inHunk, p.old, p.oldLeft, p.new, p.newLeft = true, old, oldLeft, at, newLeft
	f := p.current()
	f.hunks = append(f.hunks, hunk{head: strings.TrimPrefix(head, " ")})
	return true
}

// span reads "12,3" or "12": where a side of a hunk begins, and its lines.
func span(text string) (start, count int, ok bool) {
	first, rest, two := strings.Cut(text, ",")
	start, err := strconv.Atoi(first)
	count = 1
	if err == nil && two {
		count, err = strconv.Atoi(rest)
	}
	return start, count, err == nil && start >= 0 && count >= 0
}

// content takes a line of a hunk.
func (p *reader) content(text string) {
	f := p.current()
	h := &f.hunks[len(f.hunks)-1]
	l := line{sign: ' ', number: p.new}
	if text != "" {
		l.source = text[1:]
		if text[0] == '+' || text[0] == '-' {
			l.sign = text[0]
		}
	}
	if l.sign == '-' {
		l.number = p.old
	}
	if l.sign != '+' {
		p.old++
		p.oldLeft--
	}
	if l.sign != '-' {
		p.new++
		p.newLeft--
	}
	h.lines = append(h.lines, l)
}
