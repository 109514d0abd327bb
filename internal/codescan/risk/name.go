package risk

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxName is how long a suggested name may be.
const maxName = 50

// generic are words that say nothing of what a change is about.
var generic = func() map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(`src lib pkg internal app index utils util main common core cmd server
		java kotlin com org net io py go js ts func function const let var return if else for while new get set
		err error nil null none true false string int bool self this def class public private static void import
		await async export default type struct interface range append make len ctx context req res data value
		values item items name names id ok key to of in on is and or not from with by as be do at an the`) {
		out[word] = true
	}
	return out
}

// suggest returns a name for a flag: <area>-<what>, the area being the deepest
// part of the path of the file that changes most that says something, and what
// the most frequent pair of words among added identifiers. Where the project has
// a pattern, it is the first spelling that fits it; empty where none does.
func (c *change) suggest(r Request) string {
	words := generic()
	area := c.area(words)
	what := c.pair(words)
	parts := slices.Compact(slices.DeleteFunc(append(strings.Split(area, "-"), what...), func(s string) bool { return s == "" }))
	if len(parts) == 0 {
		parts = []string{"change"}
	}
	for _, name := range spellings(parts) {
		if r.NamePattern == nil || r.NamePattern.MatchString(name) {
			return unique(name, r.Names, r.NamePattern)
		}
	}
	return ""
}

// spellings returns the ways to write a name, the house's own first.
func spellings(parts []string) []string {
	parts = slices.Clone(parts)
	for len(parts) > 1 && len(strings.Join(parts, "-")) > maxName {
		parts = parts[:len(parts)-1]
	}
	camel := slices.Clone(parts)
	for i, part := range camel[1:] {
		camel[i+1] = strings.ToUpper(part[:1]) + part[1:]
	}
	out := []string{
		strings.Join(parts, "-"), strings.Join(parts, "_"), strings.Join(parts, "."), strings.Join(camel, ""), strings.Join(parts, ""),
	}
	for i, name := range out {
		out[i] = name[:min(len(name), maxName)]
	}
	return out
}

// unique returns the name, with a number behind it where there is one such.
func unique(name string, taken []string, pattern *regexp.Regexp) string {
	if !slices.Contains(taken, name) {
		return name
	}
	for n := 2; n < 1000; n++ {
		suffix := "-" + strconv.Itoa(n)
		if pattern != nil && !pattern.MatchString(name+suffix) {
			suffix = strconv.Itoa(n)
		}
		next := name[:min(len(name), maxName-len(suffix))] + suffix
		if !slices.Contains(taken, next) && (pattern == nil || pattern.MatchString(next)) {
			return next
		}
	}
	return ""
}

// area returns the deepest part of the path of the file of code that changes
// most that is not generic, in kebab case.
func (c *change) area(generic map[string]bool) string {
	if len(c.live) == 0 {
		return ""
	}
	most := slices.MaxFunc(c.live, func(a, b *file) int {
		return cmp.Or(cmp.Compare(a.effective, b.effective), -cmp.Compare(a.path, b.path))
	})
	parts := strings.Split(path.Dir(most.path), "/")
	for _, part := range slices.Backward(parts) {
		if words := nameWords(part, generic); len(words) > 0 {
			return strings.Join(words, "-")
		}
	}
	base := strings.TrimSuffix(path.Base(most.path), path.Ext(most.path))
	return strings.Join(nameWords(base, generic), "-")
}

// pair returns the most frequent pair of words that follow each other in an
// added identifier, the first that there was among equals; one word where no
// identifier has two.
func (c *change) pair(generic map[string]bool) []string {
	pairs, single := tally{}, tally{}
	for _, f := range c.live {
		for _, l := range f.add {
			for _, identifier := range strings.FieldsFunc(l.blank, func(r rune) bool { return r > unicode.MaxASCII || !isWord(byte(r)) }) {
				words := nameWords(identifier, generic)
				for i, word := range words {
					single.add(word)
					if i > 0 {
						pairs.add(words[i-1] + "-" + word)
					}
				}
			}
		}
	}
	if best := pairs.best(); best != "" {
		return strings.Split(best, "-")
	}
	return []string{single.best()}
}

// tally counts texts, in the order in which they first come.
type tally struct {
	count map[string]int
	order []string
}

func (t *tally) add(s string) {
	if t.count == nil {
		t.count = map[string]int{}
	}
	if t.count[s]++; t.count[s] == 1 {
		t.order = append(t.order, s)
	}
}

// best returns the text that came most often, the first of equals.
func (t *tally) best() string {
	best := ""
	for _, s := range t.order {
		if t.count[s] > t.count[best] {
			best = s
		}
	}
	return best
}

// nameWords returns the words of an identifier that say something, in lower case.
func nameWords(identifier string, generic map[string]bool) []string {
	var out []string
	start := 0
	end := func(i int) {
		word := strings.ToLower(strings.Trim(identifier[start:i], "_-. "))
		if len(word) > 1 && !generic[word] && strings.IndexFunc(word, func(r rune) bool { return r > unicode.MaxASCII || !isWord(byte(r)) }) < 0 &&
			strings.ContainsFunc(word, unicode.IsLetter) {
			out = append(out, word)
		}
		start = i
	}
	for i := 1; i < len(identifier); i++ {
		b := identifier[i]
		if b == '_' || b == '-' || b == '.' || b >= 'A' && b <= 'Z' && startsWord(identifier, i) {
			end(i)
		}
	}
	end(len(identifier))
	return out
}
