package risk

import (
	"slices"
	"strings"
)

// comments says how a file's language writes comments.
type comments struct {
	mark string // begins a comment that ends with the line
	doc  bool   // a line that begins with three quotes is one, too
}

var (
	hashComments = []string{
		".py", ".pyi", ".rb", ".sh", ".bash", ".yaml", ".yml", ".toml", ".ini", ".conf", ".tf", ".hcl",
		".properties", ".ps1", ".r", ".pl", ".ex", ".exs", ".env",
	}
	dashComments = []string{".sql", ".elm", ".hs", ".lua"}
)

// commentsOf returns the style of a path: by its extension, in lower case, and
// by its name where it has none.
func commentsOf(path string) comments {
	ext := extension(path)
	switch {
	case slices.Contains(hashComments, ext), ext == "" && hashNamed(path):
		return comments{mark: "#", doc: ext == ".py" || ext == ".pyi"}
	case slices.Contains(dashComments, ext):
		return comments{mark: "--"}
	}
	return comments{mark: "//"}
}

func hashNamed(path string) bool {
	path = strings.ToLower(path)
	return strings.Contains(path, "dockerfile") || strings.Contains(path, "makefile")
}

// extension returns the extension of a path in lower case, with its dot. A name
// that is nothing but dots and one word, such as .env, has none.
func extension(path string) string {
	name := strings.TrimLeft(path[strings.LastIndexByte(path, '/')+1:], ".")
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return strings.ToLower(name[dot:])
}

// strip returns where the text of a line begins and ends without comments and
// the white space around it, and that text with its strings blanked.
func (c comments) strip(raw string) (from, to int, blank string) {
	from, to = spaceBefore(raw), len(raw)
	for to > from && isSpace(raw[to-1]) {
		to--
	}
	text := raw[from:to]
	if c.whole(text) {
		return from, from, ""
	}
	blank = blankStrings(text)
	if cut := c.tail(blank); cut >= 0 {
		blank = strings.TrimRight(blank[:cut], " \t\n\v\f\r\x1c\x1d\x1e\x1f")
		to = from + len(blank)
	}
	return from, to, blank
}

// whole reports whether a trimmed line is nothing but a comment, or nothing.
func (c comments) whole(text string) bool {
	switch {
	case text == "", text == "*":
		return true
	case strings.HasPrefix(text, "/*"), strings.HasPrefix(text, "*/"), strings.HasPrefix(text, "* "), strings.HasPrefix(text, "<!--"):
		return true
	case c.mark == "--" && strings.HasPrefix(text, "//"):
		return true
	case c.doc && (strings.HasPrefix(text, `"""`) || strings.HasPrefix(text, "'''")):
		return true
	}
	return strings.HasPrefix(text, c.mark)
}

// tail returns where a comment at the end of the line begins, -1 where there is
// none. What stands behind a colon is an address.
func (c comments) tail(blank string) int {
	at := strings.Index(blank, c.mark)
	for at > 0 && c.mark == "//" && blank[at-1] == ':' {
		next := strings.Index(blank[at+2:], c.mark)
		if next < 0 {
			return -1
		}
		at += 2 + next
	}
	if at > 0 && strings.IndexByte(" \t;{}),", blank[at-1]) < 0 {
		return -1
	}
	return at
}

// blankStrings replaces what is in quotes by underscores. A quote that is not
// closed on its line begins no string.
func blankStrings(text string) string {
	if !strings.ContainsAny(text, "\"'`") {
		return text
	}
	out := []byte(text)
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"', '\'', '`':
			end := closing(text, i)
			if end < 0 {
				continue
			}
			for k := i + 1; k < end; k++ {
				out[k] = '_'
			}
			out[i], out[end] = '"', '"'
			i = end
		}
	}
	return string(out)
}

// closing returns where the string that begins at i ends, -1 where it does not.
func closing(text string, i int) int {
	quote := text[i]
	for k := i + 1; k < len(text); k++ {
		switch {
		case text[k] == quote:
			return k
		case text[k] == '\\' && quote != '`':
			k++
		}
	}
	return -1
}
