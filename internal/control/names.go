package control

import (
	"crypto/rand"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// name is what a project, an environment, a flag or a token may be called:
// URL-friendly, as Unleash's clients expect.
var name = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,100}$`)

func checkName(field, value string) error {
	if value == "" {
		return Invalidf(field, "must not be empty")
	}
	if !name.MatchString(value) || value == "." || value == ".." {
		return Invalidf(field, "%q is not URL-friendly: use 1 to 100 of the letters a-z, A-Z, digits, and . _ ~ -", value)
	}
	return nil
}

// crockford is Crockford's base 32 in lower case: no i, l, o, u.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// newID returns prefix and 18 characters that sort by time: 48 bits of
// milliseconds and 42 random bits.
func newID(prefix string, now time.Time) string {
	var out [18]byte
	ms := now.UnixMilli()
	for i := 9; i >= 0; i-- {
		out[i] = crockford[ms&31]
		ms >>= 5
	}
	var r [8]byte
	_, _ = rand.Read(r[:]) // never fails (crypto/rand since Go 1.24)
	for i := range r {
		out[10+i] = crockford[r[i]&31]
	}
	return prefix + string(out[:])
}

// printable reports whether a text that people read has no control characters.
func printable(s string) bool {
	return !strings.ContainsFunc(s, unicode.IsControl)
}
