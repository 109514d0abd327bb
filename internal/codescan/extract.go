package codescan

import (
	"slices"
	"strings"
)

// extractor takes facts out of the tokens of one file.
type extractor struct {
	*tokens
	facts  *Facts
	lang   Language
	scopes []scope
}

// scope is a named block that definitions stand in.
type scope struct {
	name string
	end  int // the token that closes it
}

func (e *extractor) run() {
	e.annotations()
	for i := range e.list {
		for len(e.scopes) > 0 && e.scopes[len(e.scopes)-1].end < i {
			e.scopes = e.scopes[:len(e.scopes)-1]
		}
		switch e.list[i].kind {
		case text:
			e.literal(i)
		case word:
			if e.lang == YAML {
				e.scalar(i)
			} else {
				e.word(i)
			}
		case mixed, punct, comment:
		}
	}
}

// place returns where token i stands.
func (e *extractor) place(i int) place {
	t := e.list[i]
	return place{t.line, e.column(t.line, t.start)}
}

// literal keeps a text that looks like a key, and the name that it is given.
func (e *extractor) literal(i int) {
	value := e.value(i)
	if !keyLike.MatchString(value) {
		return
	}
	e.facts.literals = append(e.facts.literals, literal{e.place(i), value})
	if name, ok := e.defines(i); ok {
		d := definition{place: e.place(i), name: name, value: value}
		if len(e.scopes) > 0 {
			d.scope = e.scopes[len(e.scopes)-1].name
		}
		e.facts.defs = append(e.facts.defs, d)
	}
}

// scalar keeps a word of YAML that could be a key.
func (e *extractor) scalar(i int) {
	if w := e.at(i); keyLike.MatchString(w) {
		e.facts.literals = append(e.facts.literals, literal{e.place(i), w})
	}
}

// defines returns the name that the text at i is the value of: NAME = "x",
// NAME: string = "x", {name: "x"}, enum members NAME("x"), define('NAME', "x").
func (e *extractor) defines(i int) (string, bool) {
	switch {
	case !e.ends(i + 1):
		return "", false
	case e.is(i-1, '(') && e.is(i+1, ')') && upper(e.at(i-2)):
		return e.at(i - 2), true
	case e.lang == PHP && e.is(i-1, ',') && e.kind(i-2) == text && e.at(i-4) == "define":
		return e.value(i - 2), true
	case e.is(i-1, ':') && e.kind(i-2) == word, e.is(i-1, '=') && !e.is(i-2, '=') && !e.is(i-2, '!'):
	default:
		return "", false
	}
	// The name is the first word of the line, modifiers aside, or the one
	// before a type.
	j := i - 2
	for j > 0 && e.is(i-1, '=') && e.line(j) == e.line(i) && !e.is(j, ':') && e.kind(j-1) != word &&
		(e.is(j, '&') || e.is(j, '>') || e.is(j, '<') || e.kind(j) == word && e.is(j-1, '&')) {
		j--
	}
	for k := i - 2; k >= 0 && k > i-10 && e.line(k) == e.line(i); k-- {
		if e.is(k, ':') {
			j = k - 1
		}
		if e.is(k, '(') || e.is(k, '{') || e.is(k, ',') || e.is(k, ';') {
			break
		}
	}
	if e.kind(j) != word {
		return "", false
	}
	return strings.TrimPrefix(e.at(j), "$"), true
}

// ends reports whether a definition may end before token i.
func (e *extractor) ends(i int) bool {
	return i >= len(e.list) || e.line(i) > e.line(i-1) || e.is(i, ';') || e.is(i, ',') || e.is(i, '}') || e.is(i, ')') ||
		e.at(i) == "as" || e.is(i, '.') && e.at(i+1) == "freeze"
}

func upper(s string) bool {
	return len(s) > 1 && s == strings.ToUpper(s) && strings.Trim(s, "0123456789") != ""
}

// scopeWords open a block whose name qualifies what is in it.
var scopeWords = []string{"class", "enum", "interface", "object", "module", "struct", "namespace", "impl", "mod", "trait", "extension"}

// word keeps what starts at the word i: a block with a name, a call, an element
// of JSX.
func (e *extractor) word(i int) {
	name := e.at(i)
	switch {
	case slices.Contains(scopeWords, name) && e.kind(i+1) == word:
		e.open(i, e.at(i+1))
	case e.is(i+1, '=') && e.is(i+2, '{'):
		e.scopes = append(e.scopes, scope{name, e.closing(i + 2)})
	case e.is(i+1, '('):
		e.call(i, i+1)
	case e.is(i+1, '<') && e.genericCall(i) > 0:
		e.call(i, e.genericCall(i))
	case e.lang == Ruby && (e.kind(i+1) == text || e.kind(i+1) == mixed) && e.line(i+1) == e.line(i) && e.is(i-1, '.'):
		e.call(i, i)
	case e.lang == JavaScript && e.is(i-1, '<') && sdkElements[name]:
		e.element(i)
	}
}

// open enters the block that follows the word i.
func (e *extractor) open(i int, name string) {
	if e.lang == Python {
		indent := e.place(i).col
		end := i + 1
		for end < len(e.list) && (e.line(end) == e.line(i) || e.place(end).col > indent) {
			end++
		}
		e.scopes = append(e.scopes, scope{name, end - 1})
		return
	}
	if e.lang == Ruby {
		e.scopes = append(e.scopes, scope{name, len(e.list)})
		return
	}
	for j := i + 1; j < len(e.list) && j < i+40; j++ {
		if e.is(j, ';') || e.is(j, ')') {
			return
		}
		if e.is(j, '{') {
			e.scopes = append(e.scopes, scope{name, e.closing(j)})
			return
		}
	}
}

// genericCall returns the parenthesis after type arguments, 0 where there is
// none: getValue<boolean>(.
func (e *extractor) genericCall(i int) int {
	for j := i + 2; j < len(e.list) && j < i+12; j++ {
		switch {
		case e.is(j, '>') && e.is(j+1, '('):
			return j + 1
		case e.kind(j) != word && !e.is(j, ',') && !e.is(j, '[') && !e.is(j, ']') && !e.is(j, '<') && !e.is(j, '>') && !e.is(j, '.'):
			return 0
		}
	}
	return 0
}

// declared reports whether the word i is the name in the head of a function: one
// behind another word, which is a keyword or a type.
func (e *extractor) declared(i int) bool {
	if e.kind(i-1) != word || i == 0 || e.line(i-1) != e.line(i) {
		return false
	}
	before := e.at(i - 1)
	return !keywords[before] && before != "else" && before != "do" && before != "case" && before != "then"
}

// call keeps the call of the word i whose arguments open at paren; where paren
// is i, they follow without one.
func (e *extractor) call(i, paren int) {
	if e.declared(i) || keywords[e.at(i)] {
		return
	}
	end := i + 1
	if paren > i {
		end = e.closing(paren)
	}
	for paren == i && end < len(e.list) && e.line(end) == e.line(i) {
		end++
	}
	c := call{place: e.place(i), name: e.at(i), full: e.chain(i), args: e.arguments(paren+1, end)}
	e.maybeWrapper(c, i, end)
}

// keywords look like calls and are none.
var keywords = map[string]bool{
	"if": true, "for": true, "while": true, "switch": true, "catch": true, "return": true, "match": true, "when": true,
	"elif": true, "not": true, "and": true, "or": true, "in": true, "await": true, "typeof": true, "with": true, "assert": true,
	"lambda": true, "print": true, "unless": true, "until": true, "yield": true, "throw": true, "foreach": true, "using": true, "lock": true, "is": true, "puts": true, "echo": true,
}

// first returns the first token of the path that ends at the word i:
// a.b().c, a?.b, A::b, $a->b.
func (e *extractor) first(i int) int {
	for {
		var j int
		switch {
		case e.is(i-1, '.') && !e.is(i-2, '.'), e.is(i-1, '!') && e.is(i-2, '.'):
			j = i - 2
			if e.is(j, '?') || e.is(j, '!') {
				j--
			}
		case e.is(i-1, ':') && e.is(i-2, ':'), e.is(i-1, '>') && e.is(i-2, '-'):
			j = i - 3
		default:
			return i
		}
		if e.is(j, ')') || e.is(j, ']') {
			if j = e.opening(j); j > 0 && e.kind(j-1) == word {
				j--
			}
		}
		if j < 0 || e.kind(j) != word {
			return i
		}
		i = j
	}
}

// chain returns the path of the call at i as it is written, cut where it is
// long.
func (e *extractor) chain(i int) string {
	s := e.all[e.list[e.first(i)].start:e.list[i].end]
	if strings.ContainsAny(s, "\n\r") || len(s) > 60 {
		return e.at(i)
	}
	return s
}

// maxArguments is how many arguments of a call are looked at for a key.
const maxArguments = 3

// arguments returns those between two tokens that may name a flag.
func (e *extractor) arguments(from, to int) []argument {
	var out []argument
	for start := from; start < to && len(out) < maxArguments; {
		end := start
		for end < to && !e.is(end, ',') {
			if e.is(end, '(') || e.is(end, '[') || e.is(end, '{') {
				end = e.closing(end)
			}
			end++
		}
		if a, ok := e.argument(start, min(end, to)); ok {
			out = append(out, a)
		}
		start = end + 1
	}
	return out
}

// argument reads texts and names that are joined by +. A label before it, such
// as of Swift and Python, is passed over.
func (e *extractor) argument(from, to int) (argument, bool) {
	if to-from > 2 && e.kind(from) == word && (e.is(from+1, ':') && !e.is(from+2, ':') || e.is(from+1, '=') && !e.is(from+2, '=') && !e.is(from+2, '>')) {
		from += 2
	}
	if from >= to {
		return argument{}, false
	}
	a := argument{place: e.place(from)}
	for i := from; i < to; {
		switch {
		case e.kind(i) == text:
			a.parts = append(a.parts, part{place: e.place(i), text: e.value(i)})
			i++
		case e.kind(i) == mixed:
			a.parts = append(a.parts, part{place: e.place(i), text: e.value(i)})
			a.open = true
			return a, true
		case e.kind(i) == word:
			end := e.pathEnd(i, to)
			a.parts = append(a.parts, part{place: e.place(i), path: e.path(i, end)})
			i = end
		default:
			return argument{}, false
		}
		if i < to && !e.is(i, '+') {
			return argument{}, false
		}
		i++
	}
	return a, true
}

// pathEnd returns the token behind the path of names that starts at i.
func (e *extractor) pathEnd(i, to int) int {
	for i++; i+1 < to; {
		n := 0
		switch {
		case e.is(i, '.'):
			n = 1
		case e.is(i, ':') && e.is(i+1, ':'), e.is(i, '-') && e.is(i+1, '>'):
			n = 2
		}
		if n == 0 || e.kind(i+n) != word {
			break
		}
		i += n + 1
	}
	return i
}

// path joins the words between two tokens. The value of an enum's member is
// the member.
func (e *extractor) path(from, to int) string {
	var words []string
	for i := from; i < to; i++ {
		if e.kind(i) == word {
			words = append(words, strings.TrimPrefix(e.at(i), "$"))
		}
	}
	if n := len(words); n > 2 && (words[n-1] == "value" || words[n-1] == "rawValue" || words[n-1] == "key") {
		words = words[:n-1]
	}
	return strings.Join(words, ".")
}

// sdkElements are the components of JSX that show their children by a flag.
var sdkElements = map[string]bool{"Flag": true, "FeatureFlag": true, "Feature": true, "Toggle": true, "FlagProvider": false}

// element keeps <Flag name="x">.
func (e *extractor) element(i int) {
	for j := i + 1; j < len(e.list) && !e.is(j, '>'); j++ {
		if (e.at(j) == "name" || e.at(j) == "flag" || e.at(j) == "flagKey" || e.at(j) == "feature") && e.is(j+1, '=') {
			from, to := j+2, j+3
			if e.is(from, '{') {
				from, to = from+1, e.closing(from)
			}
			if a, ok := e.argument(from, to); ok {
				e.facts.calls = append(e.facts.calls, call{place: e.place(i), name: "Flag", full: "<" + e.at(i) + ">", args: []argument{a}})
			}
			return
		}
	}
}
