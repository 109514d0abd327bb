package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sum returns "sha256:" and the 64 hexadecimal digits of the SHA-256 of doc.
// It is how a record names a document that it does not hold.
func Sum(doc []byte) string {
	h := sha256.Sum256(doc)
	return "sha256:" + hex.EncodeToString(h[:])
}

// Commitment binds value without showing it: as Sum, of the bytes
// "seal/v1\n", the salt, and value. Salt MUST be random and used once. When
// the salt is destroyed nobody can find value by trying, and every proof over
// the record that holds the commitment stays valid.
func Commitment(salt [32]byte, value []byte) string {
	return Sum(slices.Concat([]byte("seal/v1\n"), salt[:], value))
}

// isSum reports whether s has the form that Sum returns.
func isSum(s string) bool {
	digits, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(digits) == 2*sha256.Size && strings.Trim(digits, "0123456789abcdef") == ""
}

// Canonical returns the RFC 8785 form of v as encoding/json sees it: names
// sorted by their UTF-16 code units, no white space, the shortest numbers of
// ECMAScript, and only those escapes that JSON requires.
//
// What cannot be written without loss or doubt is an error: NaN and the
// infinities, an integer that a double does not hold exactly, text that is not
// UTF-8 (a lone surrogate included), and a name used twice in one object. A
// json.RawMessage is taken as the document itself; one nested in another value
// must hold U+FFFD as that character, since encoding/json writes the escape
// \ufffd for broken text.
func Canonical(v any) ([]byte, error) {
	doc, given := v.(json.RawMessage)
	if !given {
		var err error
		if doc, err = marshal(v); err != nil {
			return nil, fmt.Errorf("canonical JSON: %w", err)
		}
	}
	out, err := canonicalize(doc, given)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return out, nil
}

// marshal is json.Marshal without the escapes that are for HTML.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// canonicalize rewrites one JSON text. An escaped U+FFFD is text like any
// other when mayReplace is set; otherwise it is what encoding/json made of
// bytes that are not UTF-8.
func canonicalize(doc []byte, mayReplace bool) ([]byte, error) {
	if !json.Valid(doc) { // bounds the depth of nesting, too
		return nil, errors.New("not one JSON value")
	}
	if err := checkText(doc, mayReplace); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	return appendValue(make([]byte, 0, len(doc)), dec)
}

// checkText finds text that is not Unicode, which the decoder would replace
// with U+FFFD in silence. A backslash occurs in JSON only within strings.
func checkText(doc []byte, mayReplace bool) error {
	if !utf8.Valid(doc) {
		return errNotUTF8
	}
	for i := 0; i < len(doc); i++ {
		if doc[i] != '\\' {
			continue
		}
		i++
		if doc[i] != 'u' {
			continue
		}
		unit := escaped(doc, i-1)
		i += 4
		switch {
		case unit == utf8.RuneError && !mayReplace:
			return errNotUTF8
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return errNotUTF8
		case unit >= 0xD800 && unit <= 0xDBFF:
			if low := escaped(doc, i+1); low < 0xDC00 || low > 0xDFFF {
				return errNotUTF8
			}
			i += 6
		}
	}
	return nil
}

var errNotUTF8 = errors.New("text that is not valid UTF-8")

// escaped returns the code unit of the escape \u0000 to \uffff at doc[i:], -1 where
// there is none.
func escaped(doc []byte, i int) rune {
	if len(doc) < i+6 || doc[i] != '\\' || doc[i+1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(doc[i+2:i+6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

// appendValue appends the next value of dec in canonical form.
func appendValue(out []byte, dec *json.Decoder) ([]byte, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return appendObject(out, dec)
		}
		return appendArray(out, dec)
	case json.Number:
		return appendNumber(out, t)
	case string:
		return appendString(out, t), nil
	case bool:
		return strconv.AppendBool(out, t), nil
	}
	return append(out, "null"...), nil
}

// appendArray appends the rest of an array whose bracket dec has read.
func appendArray(out []byte, dec *json.Decoder) ([]byte, error) {
	out = append(out, '[')
	for first := true; dec.More(); first = false {
		if !first {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return append(out, ']'), err
}

// appendObject appends the rest of an object whose brace dec has read.
func appendObject(out []byte, dec *json.Decoder) ([]byte, error) {
	type member struct {
		name  string
		value []byte
	}
	var members []member
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		value, err := appendValue(nil, dec)
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, value})
	}
	slices.SortFunc(members, func(a, b member) int { return compareUTF16(a.name, b.name) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if m.name == members[i-1].name {
				return nil, fmt.Errorf("the name %q occurs twice", m.name)
			}
			out = append(out, ',')
		}
		out = append(appendString(out, m.name), ':')
		out = append(out, m.value...)
	}
	_, err := dec.Token()
	return append(out, '}'), err
}

// compareUTF16 orders strings by UTF-16 code units (RFC 8785 section 3.2.3).
// That is the order of code points but for U+E000 to U+FFFF, which come after
// the surrogates and so after all that is beyond them.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			return int(rank(ra) - rank(rb))
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

func rank(r rune) rune {
	if r >= 0xE000 && r <= 0xFFFF {
		return r + utf8.MaxRune
	}
	return r
}

// appendNumber appends n as ECMAScript's Number::toString would. An integer
// that a double would change is refused: a log must not round.
func appendNumber(out []byte, n json.Number) ([]byte, error) {
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("the number %s is out of range", n)
	}
	if f == 0 {
		return append(out, '0'), nil // -0 as well
	}
	start := len(out)
	out = appendFloat(out, f)
	if whole := !strings.ContainsAny(n.String(), ".eE"); whole && string(out[start:]) != n.String() {
		return nil, fmt.Errorf("the integer %s is not exact as a double; write it as a string", n)
	}
	return out, nil
}

func appendFloat(out []byte, f float64) []byte {
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(out, f, 'f', -1, 64)
	}
	out = strconv.AppendFloat(out, f, 'e', -1, 64)
	// Go writes two digits of exponent at least, ECMAScript one: e-07, e-7.
	if n := len(out); out[n-2] == '0' && (out[n-3] == '-' || out[n-3] == '+') {
		out = append(out[:n-2], out[n-1])
	}
	return out
}

// appendString appends s as a JSON string (RFC 8785 section 3.2.2.2).
func appendString(out []byte, s string) []byte {
	const short = "\b\t\n\f\r\"\\"
	const letter = `btnfr"\`
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case strings.IndexByte(short, c) >= 0:
			out = append(out, '\\', letter[strings.IndexByte(short, c)])
		case c < 0x20:
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
