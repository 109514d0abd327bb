package mcpserver

import (
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/lockflight/lockflight/internal/control"
)

// query is a change as the words that say what it is about, each with its weight:
// a word that few flags have says more than one that many have (the inverse
// document frequency of information retrieval). The same flags and change always
// have the same scores.
type query struct {
	words  map[string]bool // of the description
	places map[string]bool // of the names of files
	of     map[string]int  // how many flags have a word
	flags  int
	named  map[string]bool // what may be names of flags in the change
}

func newQuery(flags []control.Flag, in detectInput) *query {
	q := &query{
		words: set(words(in.Description)), places: map[string]bool{}, of: map[string]int{}, flags: len(flags), named: map[string]bool{},
	}
	for _, file := range in.Files {
		base := path.Base(file)
		maps.Copy(q.places, set(words(strings.TrimSuffix(base, path.Ext(base)))))
		maps.Copy(q.places, set(words(path.Base(path.Dir(file)))))
	}
	for _, name := range names(in.CodeContext + " " + in.Description) {
		q.named[name] = true
	}
	for _, f := range flags {
		for word := range set(append(words(f.Name), words(f.Description)...)) {
			q.of[word]++
		}
	}
	return q
}

// The share that each likeness has in a score, where there is no certainty: how
// much of the flag's name the change speaks of, how much of its description, and
// how much of both the files do.
const (
	nameShare        = 0.6
	descriptionShare = 0.3
	placeShare       = 0.1
)

// score returns how likely a flag covers the change, 0 to 1, with the reasons. A
// flag that the code or the description names covers it.
func (q *query) score(f control.Flag) (float64, []string) {
	if q.named[f.Name] {
		return 1, []string{"the change names the flag"}
	}
	name, about := set(words(f.Name)), set(words(f.Description))
	inName, nameHits := q.share(name, q.words)
	inAbout, aboutHits := q.share(about, q.words)
	both := maps.Clone(name)
	maps.Copy(both, about)
	_, placeHits := q.share(both, q.places)
	inPlaces, _ := q.share(q.places, both)
	score := nameShare*inName + placeShare*inPlaces
	if len(about) == 0 {
		score += descriptionShare * inName // nothing speaks against it
	} else {
		score += descriptionShare * max(inAbout, q.overlap(about))
	}
	var why []string
	for text, hits := range map[string][]string{"name": nameHits, "description": aboutHits, "files": placeHits} {
		if len(hits) > 0 {
			why = append(why, fmt.Sprintf("%s: %s", text, strings.Join(hits, ", ")))
		}
	}
	slices.Sort(why)
	return score, why
}

// overlap is how much of what the change is about is in a text.
func (q *query) overlap(text map[string]bool) float64 {
	share, _ := q.share(q.words, text)
	return share
}

// share is how much of the weight of some words is in others, 0 to 1, and which
// those are.
func (q *query) share(of, in map[string]bool) (float64, []string) {
	var all, hit float64
	var hits []string
	for _, word := range slices.Sorted(maps.Keys(of)) { // sums of floats in one order
		weight := q.weight(word)
		all += weight
		if in[word] {
			hit += weight
			hits = append(hits, word)
		}
	}
	if all == 0 {
		return 0, nil
	}
	return hit / all, hits
}

func (q *query) weight(word string) float64 {
	return math.Log(1 + float64(q.flags+1)/float64(q.of[word]+1))
}

// dull are words that say nothing of what a change is about.
var dull = set(strings.Fields(`a an and are as at be behind by change code enable enabled feature flag for from if in into is it its
	new of off on or our release so that the then this to toggle use used user users v1 v2 v3 we when which will with`))

// words are the words of a text or an identifier in lower case, without their
// endings, so that payments is payment and caching is cach.
func words(text string) []string {
	var out []string
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		for _, word := range humps(name) {
			word = strings.ToLower(word)
			if len(word) > 1 && !dull[word] {
				out = append(out, stem(word))
			}
		}
	}
	return out
}

// humps splits an identifier where a capital letter begins a word: newCheckout is
// new and Checkout, HTTPServer is HTTP and Server.
func humps(name string) []string {
	var out []string
	runes, from := []rune(name), 0
	for i := 1; i < len(runes); i++ {
		begins := unicode.IsUpper(runes[i]) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			out, from = append(out, string(runes[from:i])), i
		}
	}
	return append(out, string(runes[from:]))
}

// stem cuts the commonest endings of English words, where enough is left.
func stem(word string) string {
	for _, ending := range []string{"ing", "ies", "ed", "es", "s", "y", "e"} {
		if rest, ok := strings.CutSuffix(word, ending); ok && len(rest) >= 4 {
			return rest
		}
	}
	return word
}

// names are what may be names of flags in a text: runs of the characters that
// those have, with at least one that ordinary words do not have.
func names(text string) []string {
	all := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.~", r)
	})
	var out []string
	for _, name := range all {
		if name = strings.Trim(name, ".~"); strings.ContainsAny(name, "-_.") {
			out = append(out, name)
		}
	}
	return out
}

func set(all []string) map[string]bool {
	out := make(map[string]bool, len(all))
	for _, one := range all {
		out[one] = true
	}
	return out
}
