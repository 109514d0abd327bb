package eval

import (
	"math"
	"strconv"
	"strings"
)

// epsilon is the difference below which NUM_EQ takes two numbers as equal:
// the machine epsilon of a float64, as in Yggdrasil.
const epsilon = 0x1p-52

// parseNumber reads a decimal number. It asks strconv only about what it will
// accept, since strconv allocates an error. One beyond the range of a float64
// is infinite.
func parseNumber(s string) (n float64, ok bool) {
	if !isDecimal(s) {
		return parseInfinity(s)
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil || math.IsInf(n, 0)
}

// isDecimal reports whether s is [+-]digits[.digits][e[+-]digits], with digits
// on at least one side of the point.
func isDecimal(s string) bool {
	s = trimSign(s)
	whole := digits(s)
	s = s[whole:]
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction = digits(s[1:])
		s = s[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0]|0x20 != 'e' {
		return false
	}
	s = trimSign(s[1:])
	return s != "" && digits(s) == len(s)
}

func parseInfinity(s string) (n float64, ok bool) {
	unsigned := trimSign(s)
	if !strings.EqualFold(unsigned, "inf") && !strings.EqualFold(unsigned, "infinity") {
		return 0, false
	}
	if s[0] == '-' {
		return math.Inf(-1), true
	}
	return math.Inf(1), true
}

func trimSign(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

// digits returns how many decimal digits s begins with.
func digits(s string) int {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return i
		}
	}
	return len(s)
}
