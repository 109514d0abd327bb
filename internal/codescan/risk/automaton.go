package risk

// automaton finds which of many literals are in a text, in one pass over it
// (Aho and Corasick, CACM 18(6), 1975), whatever the case of its letters.
type automaton struct {
	symbol [256]uint8 // bytes that no literal has share symbol 0
	width  int        // how many symbols there are
	next   []uint16   // by state*width + symbol
	found  []hints    // by state: what ends there
}

// newAutomaton builds one for literals in lower case.
func newAutomaton(literals map[string]hints) automaton {
	a := automaton{width: 1}
	for literal := range literals {
		for i := range len(literal) {
			if b := literal[i]; a.symbol[b] == 0 {
				a.symbol[b] = uint8(a.width) //nolint:gosec // at most 255 symbols
				a.width++
			}
		}
	}
	for b := byte('A'); b <= 'Z'; b++ {
		a.symbol[b] = a.symbol[b+'a'-'A']
	}
	a.state()
	for literal, set := range literals {
		a.found[a.insert(literal)] |= set
	}
	a.link()
	return a
}

// state adds a state and returns it.
func (a *automaton) state() uint16 {
	a.next = append(a.next, make([]uint16, a.width)...)
	a.found = append(a.found, 0)
	return uint16(len(a.found) - 1)
}

// insert adds the states of a literal and returns the last.
func (a *automaton) insert(literal string) uint16 {
	var at uint16
	for i := range len(literal) {
		edge := int(at)*a.width + int(a.symbol[literal[i]])
		if a.next[edge] == 0 {
			to := a.state()
			a.next[edge] = to
		}
		at = a.next[edge]
	}
	return at
}

// link turns the tree into an automaton: where a state has no edge, it goes where
// the longest suffix that is a state goes.
func (a *automaton) link() {
	suffix := make([]uint16, len(a.found))
	queue := []uint16{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		a.found[at] |= a.found[suffix[at]]
		for s := range a.width {
			edge, fallback := int(at)*a.width+s, int(suffix[at])*a.width+s
			to := a.next[edge]
			switch {
			case to == 0:
				a.next[edge] = a.next[fallback]
			case at != 0:
				suffix[to] = a.next[fallback]
				queue = append(queue, to)
			default:
				queue = append(queue, to)
			}
		}
	}
}

// scan returns what the literals in text stand for.
func (a *automaton) scan(text string) hints {
	var found hints
	state := 0
	for i := range len(text) {
		state = int(a.next[state*a.width+int(a.symbol[text[i]])])
		found |= a.found[state]
	}
	return found
}
