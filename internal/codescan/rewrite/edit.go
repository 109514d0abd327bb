package rewrite

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/token"
	"slices"
)

// edit replaces the bytes from start to end of a file.
type edit struct {
	start, end int
	text       string
}

// apply returns src with edits made. An edit within a range that another
// deletes or replaces goes with it.
func apply(src []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	var out bytes.Buffer
	pos := 0
	for _, e := range edits {
		if e.start < pos {
			if e.end > pos && e.text == "" { // two deletions that overlap are one
				pos = e.end
			}
			continue
		}
		out.Write(src[pos:e.start])
		out.WriteString(e.text)
		pos = e.end
	}
	out.Write(src[pos:])
	return out.Bytes()
}

// editor gathers the edits of one file.
type editor struct {
	file  *token.File
	tree  *ast.File
	src   []byte
	edits []edit
}

func (e *editor) offset(p token.Pos) int { return e.file.Offset(p) }

// text returns the source of a node.
func (e *editor) text(n ast.Node) string {
	return string(e.src[e.offset(n.Pos()):e.offset(n.End())])
}

// replace puts text in place of what is between two positions.
func (e *editor) replace(from, to token.Pos, text string) {
	e.edits = append(e.edits, edit{e.offset(from), e.offset(to), text})
}

// remove deletes what is between two positions.
func (e *editor) remove(from, to token.Pos) { e.replace(from, to, "") }

// removeLines deletes what is between two positions, and the lines that it
// leaves empty.
func (e *editor) removeLines(from, to token.Pos) {
	start, end := e.offset(from), e.offset(to)
	before, after := e.lineStart(start), e.lineEnd(end)
	if blank(e.src[before:start]) && (blank(e.src[end:after]) || isComment(e.src[end:after])) {
		start, end = before, min(after+1, len(e.src))
	}
	e.edits = append(e.edits, edit{start: start, end: end})
}

// removeWithComments deletes a node, the comments directly above it, and the
// lines that it leaves empty. Directives stay.
func (e *editor) removeWithComments(from, to token.Pos) {
	start := e.lineStart(e.offset(from))
	if !blank(e.src[start:e.offset(from)]) {
		e.removeLines(from, to)
		return
	}
	first := from
	for start > 0 {
		above := e.lineStart(start - 1)
		line := bytes.TrimSpace(e.src[above:start])
		if !bytes.HasPrefix(line, []byte("//")) || isDirective(line) {
			break
		}
		first, start = e.file.Pos(above+bytes.Index(e.src[above:start], []byte("//"))), above
	}
	e.removeLines(first, to)
}

func (e *editor) lineStart(offset int) int { return bytes.LastIndexByte(e.src[:offset], '\n') + 1 }

func (e *editor) lineEnd(offset int) int {
	if n := bytes.IndexByte(e.src[offset:], '\n'); n >= 0 {
		return offset + n
	}
	return len(e.src)
}

func blank(b []byte) bool { return len(bytes.TrimSpace(b)) == 0 }

// isComment reports whether the rest of a line is a comment: it belongs to what
// stands before it.
func isComment(b []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(b), []byte("//")) }

// isDirective reports whether a comment is for a tool: //go:embed, //nolint.
func isDirective(line []byte) bool {
	rest := bytes.TrimPrefix(line, []byte("//"))
	word, _, ok := bytes.Cut(rest, []byte(":"))
	return ok && len(word) > 0 && !bytes.ContainsAny(word, " \t")
}
