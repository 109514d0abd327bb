package eval

import (
	"cmp"
	"math"
	"strings"
)

// version is a Semantic Version 2.0.0 without its build metadata, which has no
// part in precedence.
type version struct {
	major, minor, patch uint64
	pre                 string // dot-separated identifiers; empty for a release
}

// parseVersion reads a complete version: three numbers, no leading "v".
func parseVersion(s string) (v version, ok bool) {
	major, s, okMajor := leadingNumber(s)
	minor, s, okMinor := leadingNumber(trimPoint(s))
	patch, s, okPatch := leadingNumber(trimPoint(s))
	if !okMajor || !okMinor || !okPatch {
		return version{}, false
	}
	v = version{major: major, minor: minor, patch: patch}
	if s == "" {
		return v, true
	}
	s, build, hasBuild := strings.Cut(s, "+")
	pre, hasPre := strings.CutPrefix(s, "-")
	if hasPre && !identifiers(pre, true) || hasBuild && !identifiers(build, false) || !hasPre && s != "" {
		return version{}, false
	}
	v.pre = pre
	return v, true
}

// safeDigits is how many decimal digits every uint64 has room for.
const safeDigits = 19

// leadingNumber cuts a decimal number without leading zeros from s.
func leadingNumber(s string) (n uint64, rest string, ok bool) {
	i := 0
	for ; i < len(s) && isDigit(s[i]); i++ {
		digit := uint64(s[i] - '0')
		if i >= safeDigits && n > (math.MaxUint64-digit)/10 {
			return 0, s, false
		}
		n = n*10 + digit
	}
	return n, s[i:], i == 1 || i > 1 && s[0] != '0'
}

// trimPoint cuts a leading point from s. Without one it returns "", which is
// no number.
func trimPoint(s string) string {
	if s == "" || s[0] != '.' {
		return ""
	}
	return s[1:]
}

// identifiers reports whether s is a dot-separated list of identifiers.
// Numeric ones of a pre-release must not have leading zeros.
func identifiers(s string, preRelease bool) bool {
	for more := true; more; {
		var id string
		id, s, more = strings.Cut(s, ".")
		if id == "" {
			return false
		}
		for i := range len(id) {
			if b := id[i]; !isDigit(b) && !isLetter(b) && b != '-' {
				return false
			}
		}
		if preRelease && len(id) > 1 && id[0] == '0' && isNumeric(id) {
			return false
		}
	}
	return true
}

// compareVersions orders by precedence (semver.org, item 11).
func compareVersions(a, b *version) int {
	switch {
	case a.major != b.major:
		return cmp.Compare(a.major, b.major)
	case a.minor != b.minor:
		return cmp.Compare(a.minor, b.minor)
	case a.patch != b.patch:
		return cmp.Compare(a.patch, b.patch)
	case a.pre == b.pre:
		return 0
	case a.pre == "":
		return 1
	case b.pre == "":
		return -1
	default:
		return comparePreReleases(a.pre, b.pre)
	}
}

// comparePreReleases orders two lists of identifiers that differ. Where one is
// the beginning of the other, the longer has the higher precedence.
func comparePreReleases(a, b string) int {
	for {
		var x, y string
		var moreA, moreB bool
		x, a, moreA = strings.Cut(a, ".")
		y, b, moreB = strings.Cut(b, ".")
		if order := compareIdentifiers(x, y); order != 0 {
			return order
		}
		if !moreA || !moreB {
			return cmp.Compare(boolRank(moreA), boolRank(moreB))
		}
	}
}

// compareIdentifiers orders numbers by value, below all else by ASCII. Valid
// numbers have no leading zeros, so that the longer is the larger.
func compareIdentifiers(a, b string) int {
	numA, numB := isNumeric(a), isNumeric(b)
	switch {
	case numA != numB:
		return cmp.Compare(boolRank(numB), boolRank(numA))
	case numA && len(a) != len(b):
		return cmp.Compare(len(a), len(b))
	default:
		return cmp.Compare(a, b)
	}
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func isNumeric(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
