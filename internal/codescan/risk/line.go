package risk

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is one line of a hunk. Patterns are matched against ASCII: where the
// source has other letters, raw, text and blank have underscores in their
// place, byte for byte.
type line struct {
	sign   byte // '+', '-', or ' ' for context
	number int  // on the new side, for '-' on the old
	source string

	raw   string  // source, folded to ASCII
	text  string  // raw without comments and the white space around it
	blank string  // text, with underscores for the contents of strings
	key   string  // the source of text without white space: what makes two lines equal
	words wordSet // of blank
	hints hints   // which patterns raw may match

	dead bool // re-wrapped, or nothing but another version
}

// place returns the number of the line as contributions have it: negative on the
// old side.
func (l *line) place() int {
	if l.sign == '-' {
		return -l.number
	}
	return l.number
}

// read fills in what is derived from the source; of context little is asked.
func (l *line) read(style comments) {
	l.raw = fold(l.source)
	l.hints = lexicon().hints(l.raw)
	if l.sign == ' ' {
		return
	}
	from, to, blank := style.strip(l.raw)
	l.text, l.blank = l.raw[from:to], blank
	if l.text == "" {
		return
	}
	l.key = squeeze(l.source[from:to], isSpace)
	l.words = wordsOf(l.blank)
}

// fold replaces what is not ASCII: letters and digits by underscores, white
// space by spaces, anything else by DEL, as many bytes as there were.
func fold(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
	if i < 0 {
		return s
	}
	out := []byte(s)
	for i < len(out) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r >= utf8.RuneSelf {
			with := byte(0x7f)
			switch {
			case r == utf8.RuneError:
			case unicode.IsLetter(r) || unicode.IsNumber(r):
				with = '_'
			case unicode.IsSpace(r):
				with = ' '
			}
			for k := range size {
				out[i+k] = with
			}
		}
		i += size
	}
	return string(out)
}

// squeeze returns s without the bytes that drop says.
func squeeze(s string, drop func(byte) bool) string {
	for i := range len(s) {
		if !drop(s[i]) {
			continue
		}
		out := make([]byte, i, len(s))
		copy(out, s)
		for ; i < len(s); i++ {
			if !drop(s[i]) {
				out = append(out, s[i])
			}
		}
		return string(out)
	}
	return s
}

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' || b >= 0x1c && b <= 0x1f }

func isWord(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// spaceBefore returns how many bytes of white space s begins with.
func spaceBefore(s string) int {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}
