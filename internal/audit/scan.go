package audit

import "strings"

// scanLink reads a link from a record as Encode writes it, some ten times as
// fast as encoding/json. Where it returns true, encoding/json returns the same;
// it returns false for whatever is not in that form, which may be valid still:
// white space, names in another order or case, null, and text with an escape or
// beyond ASCII in a field of link.
func scanLink(record string) (link, bool) {
	var l link
	s := scanner{rest: record}
	ok := s.object(func(name string) bool {
		switch name {
		case "dec":
			return s.object(func(name string) bool {
				if name == "evidence" {
					return s.text(&l.Dec.Evidence)
				}
				return s.skip(maxDepth)
			})
		case "outcome":
			return s.text(&l.Outcome)
		case "res":
			return s.object(func(name string) bool { return s.resource(name, &l.Res) })
		case "seq":
			return s.number(&l.Seq)
		case "ts":
			return s.text(&l.TS)
		case "v":
			var v int64
			ok := s.number(&v)
			l.V = int(v)
			return ok && int64(l.V) == v
		default:
			return s.skip(maxDepth)
		}
	})
	return l, ok && s.rest == ""
}

func (s *scanner) resource(name string, r *Resource) bool {
	switch name {
	case "h0":
		return s.text(&r.H0)
	case "h1":
		return s.text(&r.H1)
	case "id":
		return s.text(&r.ID)
	case "key":
		return s.text(&r.Key)
	case "rev0":
		return s.number(&r.Rev0)
	case "rev1":
		return s.number(&r.Rev1)
	case "type":
		return s.text(&r.Type)
	default:
		return s.skip(maxDepth)
	}
}

// maxDepth is how deep values are nested that skip passes over: far less than
// encoding/json allows, and more than a record has.
const maxDepth = 16

// scanner reads canonical JSON from the front of rest. Its methods return false
// at what is not in that form, and leave rest anywhere then.
type scanner struct{ rest string }

// take passes over one byte, if it is next.
func (s *scanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// object reads an object whose names are of the letters a to z, digits and
// underscores, each greater than the one before. Among such names encoding/json
// finds a field by no other spelling, and none comes twice.
func (s *scanner) object(member func(name string) bool) bool {
	last := ""
	return s.members(func(name string) bool {
		if name <= last || !inOneCase(name) {
			return false
		}
		last = name
		return member(name)
	})
}

func inOneCase(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func (s *scanner) members(member func(name string) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	var name string
	for s.text(&name) && s.take(':') && member(name) {
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
	return false
}

// text reads a string of printable ASCII without an escape.
func (s *scanner) text(to *string) bool {
	if !s.take('"') {
		return false
	}
	for i := range len(s.rest) {
		switch c := s.rest[i]; {
		case c == '"':
			*to, s.rest = s.rest[:i], s.rest[i+1:]
			return true
		case c < 0x20 || c >= 0x80 || c == '\\':
			return false
		}
	}
	return false
}

// number reads a whole number that is not negative, of at most 18 digits.
func (s *scanner) number(to *int64) bool {
	n, digits := int64(0), 0
	for digits < len(s.rest) && s.rest[digits] >= '0' && s.rest[digits] <= '9' {
		if digits == 18 {
			return false
		}
		n = 10*n + int64(s.rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 1 && s.rest[0] == '0' {
		return false
	}
	*to, s.rest = n, s.rest[digits:]
	return s.rest == "" || strings.IndexByte(".eE", s.rest[0]) < 0
}

// skip passes over one value of whole numbers, plain text, true, false, objects
// and arrays.
func (s *scanner) skip(depth int) bool {
	if s.rest == "" || depth == 0 {
		return false
	}
	var text string
	var n int64
	switch s.rest[0] {
	case '"':
		return s.text(&text)
	case '{':
		return s.members(func(string) bool { return s.skip(depth - 1) })
	case '[':
		return s.array(depth)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	default:
		return s.number(&n)
	}
}

func (s *scanner) word(w string) bool {
	rest, ok := strings.CutPrefix(s.rest, w)
	s.rest = rest
	return ok
}

func (s *scanner) array(depth int) bool {
	if !s.take('[') {
		return false
	}
	if s.take(']') {
		return true
	}
	for s.skip(depth - 1) {
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
	return false
}
