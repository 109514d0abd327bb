package httpapi

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// FlatContext reads the body that nearly every client sends: one object with
// one member, "context", an object of texts, small whole numbers and booleans,
// whose keys and texts have no escapes. It yields each key with its value as
// text. It returns false for whatever else is sent, valid or not: that is for
// Body to read. A key that is there twice is among it.
func FlatContext(data []byte) (iter.Seq2[string, string], bool) {
	if !utf8.Valid(data) {
		return nil, false
	}
	s := flat{text: string(data)}
	var room [2 * flatKeys]string
	all := room[:0]
	if !s.is('{') || !s.key("context") || !s.is('{') {
		return nil, false
	}
	for more := !s.is('}'); more; more = s.is(',') {
		if len(all) > 0 && len(all) == cap(room[:]) {
			return nil, false
		}
		key, ok := s.quoted()
		if !ok || !s.is(':') || holds(all, key) {
			return nil, false
		}
		value, ok := s.scalar()
		if !ok {
			return nil, false
		}
		all = append(all, key, value)
	}
	if len(all) > 0 && !s.is('}') || !s.is('}') || s.space() != len(s.text) {
		return nil, false
	}
	return func(yield func(string, string) bool) {
		for i := 0; i < len(all); i += 2 {
			if !yield(all[i], all[i+1]) {
				return
			}
		}
	}, true
}

// flatKeys is how many members a context may have to be read so.
const flatKeys = 32

func holds(all []string, key string) bool {
	for i := 0; i < len(all); i += 2 {
		if all[i] == key {
			return true
		}
	}
	return false
}

// flat is a text and how far it was read.
type flat struct {
	text string
	at   int
}

// space passes over white space, and returns where it ends.
func (s *flat) space() int {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
	return s.at
}

// is passes over a character where it comes next.
func (s *flat) is(c byte) bool {
	if at := s.space(); at >= len(s.text) || s.text[at] != c {
		return false
	}
	s.at++
	return true
}

// key passes over a key and its colon.
func (s *flat) key(name string) bool {
	key, ok := s.quoted()
	return ok && key == name && s.is(':')
}

// quoted reads a string without escapes.
func (s *flat) quoted() (string, bool) {
	if !s.is('"') {
		return "", false
	}
	start := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[start : s.at-1], true
		case c == '\\' || c < ' ':
			return "", false
		}
	}
	return "", false
}

// scalar reads a value that is written as a context holds it.
func (s *flat) scalar() (string, bool) {
	at := s.space()
	if at < len(s.text) && s.text[at] == '"' {
		return s.quoted()
	}
	for s.at < len(s.text) && strings.IndexByte(",} \t\r\n", s.text[s.at]) < 0 {
		s.at++
	}
	word := s.text[at:s.at]
	return word, word == "true" || word == "false" || whole(word)
}

// whole reports whether a word is a number that is written in one way only: up
// to 15 digits, without a sign and without a zero at its start.
func whole(word string) bool {
	const exact = 15 // digits, of a number in floating point
	if word == "" || len(word) > exact || word[0] == '0' && len(word) > 1 {
		return false
	}
	for i := range len(word) {
		if word[i] < '0' || word[i] > '9' {
			return false
		}
	}
	return true
}
