package eval

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanLimit is the number of strings up to which comparing them one by one is
// faster than a look-up (BenchmarkTextSet).
const scanLimit = 6

// textSet is a set of strings: a list, with an index beside it where it is
// long.
type textSet struct {
	list  []string
	index index
}

func newTextSet(values []string) textSet {
	t := textSet{list: values}
	if len(values) > scanLimit {
		t.index = newIndex(len(values))
		for _, v := range values {
			t.index.add(v)
		}
	}
	return t
}

func (t *textSet) contains(s string) bool {
	if len(t.list) <= scanLimit {
		return slices.Contains(t.list, s)
	}
	hash, mask := hashName(s), uint32(len(t.index.slots)-1)
	for at := hash; ; at++ {
		slot := t.index.slots[at&mask]
		if slot == 0 {
			return false
		}
		if (slot^hash)&^mask == 0 && t.list[slot&mask-1] == s {
			return true
		}
	}
}

// The three below are strings.HasPrefix, HasSuffix and Contains of the lower
// case of s, which they do not build; lower is in lower case already.

func hasPrefixFold(s, lower string) bool {
	for lower != "" {
		if s == "" {
			return false
		}
		have, n := utf8.DecodeRuneInString(s)
		want, m := utf8.DecodeRuneInString(lower)
		if unicode.ToLower(have) != want {
			return false
		}
		s, lower = s[n:], lower[m:]
	}
	return true
}

func hasSuffixFold(s, lower string) bool {
	for lower != "" {
		if s == "" {
			return false
		}
		have, n := utf8.DecodeLastRuneInString(s)
		want, m := utf8.DecodeLastRuneInString(lower)
		if unicode.ToLower(have) != want {
			return false
		}
		s, lower = s[:len(s)-n], lower[:len(lower)-m]
	}
	return true
}

func containsFold(s, lower string) bool {
	for {
		if hasPrefixFold(s, lower) {
			return true
		}
		if s == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:]
	}
}

// splitList splits a comma-separated parameter, trims each entry and drops the
// empty ones.
func splitList(list string) []string {
	var out []string
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			out = append(out, entry)
		}
	}
	return out
}
