package gate

import (
	"strconv"
	"unicode/utf8"
)

// Reader reads lines of evidence, one after another. Those that emitters
// really write it reads by hand, several times as fast as encoding/json, and
// what a line has in common with the one before is not allocated again. Any
// other line it leaves to encoding/json: the two agree on all that both read.
// The zero Reader is ready; it is not safe for concurrent use.
type Reader struct {
	last Observation // its strings; not kept beyond what a line may have
}

// Read is ParseObservation. plain says that the line has no key but those of
// an observation, each once and spelled exactly.
func (r *Reader) Read(line []byte) (o Observation, plain bool, err error) {
	o, wrong, plain, err := r.read(line)
	switch {
	case err != nil:
	case wrong != nil:
		err = wrong
	default:
		err = o.validate()
	}
	if err != nil {
		return Observation{}, false, err
	}
	return o, plain, nil
}

// read is readObservation.
func (r *Reader) read(line []byte) (o Observation, wrong error, plain bool, err error) {
	p := plainLine{rest: line}
	if !p.observation(&o, &r.last) {
		o, wrong, err = readObservation(line)
		return o, wrong, false, err
	}
	if err = o.wellFormed(); err != nil {
		return Observation{}, nil, true, err
	}
	r.last = o
	return o, nil, true, nil
}

// plainLine is what is left to read of a line in plain form: one flat object
// of known keys, each once; text in valid UTF-8 without escapes; numbers
// without exponents; no null. Every method returns false where the line is not
// in that form, whatever else it may be.
type plainLine struct{ rest []byte }

// observation reads the whole line into o. Text that is the same as last's is
// shared with it.
func (p *plainLine) observation(o, last *Observation) bool {
	p.space()
	if !p.take('{') {
		return false
	}
	seen := 0
	for {
		key, ok := p.text()
		if !ok || !p.take(':') {
			return false
		}
		bit, ok := p.field(key, o, last)
		if !ok || seen&bit != 0 {
			return false
		}
		seen |= bit
		if p.take(',') {
			continue
		}
		return p.take('}') && len(p.rest) == 0 && seen&1 != 0
	}
}

// field reads the value of a key, and returns a bit that is the key's alone;
// at, which no line lacks, has the lowest.
func (p *plainLine) field(key []byte, o, last *Observation) (bit int, ok bool) {
	switch string(key) {
	case "at":
		text, ok := p.text()
		return 1 << 0, ok && o.At.UnmarshalText(text) == nil
	case "received_at":
		text, ok := p.text()
		return 1 << 1, ok && o.ReceivedAt.UnmarshalText(text) == nil
	case "id":
		return 1 << 2, p.string(&o.ID, "")
	case "environment":
		return 1 << 3, p.string(&o.Environment, last.Environment)
	case "flag":
		return 1 << 4, p.string(&o.Flag, last.Flag)
	case "arm":
		return 1 << 5, p.string(&o.Arm, last.Arm)
	case "unit":
		return 1 << 6, p.string(&o.Unit, last.Unit)
	case "case":
		return 1 << 7, p.string(&o.Case, last.Case)
	case "build":
		return 1 << 8, p.string(&o.Build, last.Build)
	case "signal":
		return 1 << 9, p.string(&o.Signal, last.Signal)
	case "pass":
		o.Pass = new(bool)
		return 1 << 10, p.bool(o.Pass)
	case "value":
		o.Value = new(float64)
		return 1 << 11, p.number(o.Value)
	case "na":
		return 1 << 12, p.bool(&o.NA)
	case "severity":
		return 1 << 13, p.string(&o.Severity, last.Severity)
	case "case_class":
		return 1 << 14, p.string(&o.CaseClass, last.CaseClass)
	}
	return 0, false // evaluator and identity too: few lines have one
}

func (p *plainLine) space() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\t' || p.rest[0] == '\n' || p.rest[0] == '\r') {
		p.rest = p.rest[1:]
	}
}

// take reads one character, and the white space after it.
func (p *plainLine) take(c byte) bool {
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	p.space()
	return true
}

// text reads a string, and the white space after it.
func (p *plainLine) text() ([]byte, bool) {
	if len(p.rest) == 0 || p.rest[0] != '"' {
		return nil, false
	}
	ascii := true
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			text := p.rest[1:i]
			p.rest = p.rest[i+1:]
			p.space()
			return text, ascii || utf8.Valid(text)
		case c == '\\' || c < ' ':
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false
}

func (p *plainLine) string(s *string, last string) bool {
	text, ok := p.text()
	if string(text) == last {
		*s = last
	} else {
		*s = string(text)
	}
	return ok
}

func (p *plainLine) bool(b *bool) bool {
	for _, word := range [...]string{"false", "true"} {
		if len(p.rest) >= len(word) && string(p.rest[:len(word)]) == word {
			*b = word == "true"
			p.rest = p.rest[len(word):]
			p.space()
			return true
		}
	}
	return false
}

// number reads a number without an exponent, which encoding/json does not
// take in other forms than strconv.
func (p *plainLine) number(f *float64) bool {
	i, digits, points := 0, 0, 0
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		if c >= '0' && c <= '9' {
			digits++
		} else if c == '.' && digits > 0 && points == 0 {
			digits, points = 0, 1
		} else if c != '-' || i > 0 {
			break
		}
	}
	text := p.rest[:i]
	if digits == 0 || leadingZero(text) {
		return false
	}
	p.rest = p.rest[i:]
	p.space()
	var err error
	*f, err = strconv.ParseFloat(string(text), 64)
	return err == nil
}

// leadingZero says whether a number begins with a zero that JSON forbids.
func leadingZero(text []byte) bool {
	if text[0] == '-' {
		text = text[1:]
	}
	return len(text) > 1 && text[0] == '0' && text[1] != '.'
}
