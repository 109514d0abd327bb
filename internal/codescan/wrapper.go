package codescan

import "slices"

// maybeWrapper keeps the call at i, whose arguments end at end, and the function
// around it where that returns the call and does no more.
func (e *extractor) maybeWrapper(c call, i, end int) {
	n := len(e.facts.calls)
	e.facts.calls = append(e.facts.calls, c)
	start := e.first(i) - 1
	for e.is(start, '!') || e.at(start) == "await" || e.at(start) == "not" || e.at(start) == "return" || e.at(start) == "bool" && e.is(start+1, '(') || e.is(start, '(') && (e.at(start-1) == "bool" || e.at(start-1) == "Boolean") || e.at(start) == "Boolean" {
		start--
	}
	after := end + 1
	for e.is(after, ')') && !e.is(start, '(') && e.at(start) != "" && e.line(after) == e.line(end) && e.is(after-1, ')') && e.wraps(start) {
		after++
	}
	name, params, ok := e.header(start, after)
	if ok {
		e.facts.wrappers = append(e.facts.wrappers, wrapper{place: c.place, name: name, params: params, call: n})
	}
}

// wraps reports whether the statement before the token start opened a
// conversion that closes behind the call.
func (e *extractor) wraps(start int) bool {
	return e.at(start+1) == "bool" || e.at(start+2) == "bool" || e.at(start+2) == "Boolean" || e.at(start+1) == "Boolean"
}

// header returns the name and the parameters of the function whose body starts
// after the token open and ends before the token after.
func (e *extractor) header(open, after int) (string, []string, bool) {
	if e.is(after, ';') {
		after++
	}
	switch {
	case e.is(open, '{') && e.is(after, '}'), e.lang == Kotlin && e.is(open, '='), e.is(open, '>') && (e.is(open-1, '=') || e.is(open-1, '-')):
	case e.lang == Python && e.is(open, ':') && e.dedents(open, after):
	case e.lang == Ruby && e.is(open, ')') && e.at(after) == "end":
		open++
	case e.lang == Ruby && e.at(after) == "end" && e.at(open-1) == "def":
		return e.at(open), nil, true
	default:
		return "", nil, false
	}
	if e.is(open, '{') && e.is(open-1, '>') && e.is(open-2, '=') {
		open--
	}
	// From the body back over a result's type to the parameters.
	i := open - 1
	for steps := 0; i >= 0 && !e.is(i, ')') && steps < 12; steps++ {
		if e.is(i, ';') || e.is(i, '{') || e.is(i, '}') {
			return "", nil, false
		}
		i--
	}
	if !e.is(i, ')') {
		return "", nil, false
	}
	first := e.opening(i)
	params := e.params(first+1, i)
	name := first - 1
	switch {
	case e.is(name, '='): // const name = (x) => ...
		name--
	case e.at(name) == "async" && e.is(name-1, '='):
		name -= 2
	}
	if e.kind(name) != word || keywords[e.at(name)] || e.at(name) == "function" {
		return "", nil, false
	}
	return e.at(name), params, true
}

// dedents reports whether a Python body that starts after the colon ends before
// the token after.
func (e *extractor) dedents(colon, after int) bool {
	if after >= len(e.list) {
		return true
	}
	def := colon
	for def > 0 && e.at(def) != "def" {
		def--
	}
	return e.place(after).col <= e.place(def).col && e.line(after) > e.line(after-1)
}

// params returns the names of parameters: the words before a type, a default
// or a comma.
func (e *extractor) params(from, to int) []string {
	var names []string
	for i := from; i < to; i++ {
		if e.kind(i) == word && (i+1 == to || e.is(i+1, ',') || e.is(i+1, ':') || e.is(i+1, '=') || e.is(i+1, '?')) && !e.is(i-1, ':') {
			names = append(names, e.path(i, i+1))
		}
	}
	return slices.Compact(names)
}
