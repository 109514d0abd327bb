package codescan

// tokenKind says what a token is.
type tokenKind uint8

// The kinds of tokens. White space is none.
const (
	word    tokenKind = iota // an identifier, a keyword or a number
	text                     // a string literal without computed parts
	mixed                    // a string literal with computed parts
	punct                    // one byte of anything else
	comment                  //
)

// lexeme is a piece of source between two offsets. Lines count from 1.
type lexeme struct {
	kind       tokenKind
	start, end int
	line       int
	// from and to bound the contents of a text, without its quotes; of a mixed
	// literal, the part before the first computed one.
	from, to int
	escaped  bool // the contents have escapes
}

// tokens is a file in pieces.
type tokens struct {
	src  []byte
	all  string   // src again, so that its parts need no copy
	list []lexeme // comments left out
	// comments in their order, apart: no rule looks at both.
	comments []lexeme
	lines    []int // the offset at which each line starts
}

// at returns the text of the token with number i, "" outside the file.
func (t *tokens) at(i int) string {
	if i < 0 || i >= len(t.list) {
		return ""
	}
	return t.all[t.list[i].start:t.list[i].end]
}

// is reports whether token i is the byte c of punctuation.
func (t *tokens) is(i int, c byte) bool {
	return i >= 0 && i < len(t.list) && t.list[i].kind == punct && t.src[t.list[i].start] == c
}

// kind returns the kind of token i; punct outside the file.
func (t *tokens) kind(i int) tokenKind {
	if i < 0 || i >= len(t.list) {
		return punct
	}
	return t.list[i].kind
}

// line returns the line of token i, 0 outside the file.
func (t *tokens) line(i int) int {
	if i < 0 || i >= len(t.list) {
		return 0
	}
	return t.list[i].line
}

// column returns the column of an offset on a line, from 1, in bytes.
func (t *tokens) column(line, offset int) int { return offset - t.lines[line-1] + 1 }

// value returns the contents of a text; those with escapes other than of
// quotes and backslashes are never keys, so no other is undone.
func (t *tokens) value(i int) string {
	tok := t.list[i]
	raw := t.all[tok.from:tok.to]
	if !tok.escaped {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for j := 0; j < len(raw); j++ {
		if raw[j] == '\\' && j+1 < len(raw) {
			j++
		}
		out = append(out, raw[j])
	}
	return string(out)
}

// closing returns the number of the token that closes the bracket at i, and
// len(list) where none does.
func (t *tokens) closing(i int) int {
	depth := 0
	for ; i < len(t.list); i++ {
		if t.list[i].kind != punct {
			continue
		}
		switch t.src[t.list[i].start] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// opening returns the number of the token that opens the bracket closed at i,
// and -1 where none does.
func (t *tokens) opening(i int) int {
	depth := 0
	for ; i >= 0; i-- {
		if t.list[i].kind != punct {
			continue
		}
		switch t.src[t.list[i].start] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
