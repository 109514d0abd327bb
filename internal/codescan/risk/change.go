package risk

// change is a diff that has been read: its files with their effective lines.
type change struct {
	files []*file
	live  []*file // with effective lines of code, SQL or a contract
	moved map[string]int
	bumps map[Class]int // lines that change nothing but a version, by class

	lines int  // the effective lines of live files
	ui    bool // more than four fifths of them are of a user interface
	ledger
}

// read classifies the files and finds their effective lines.
func read(files []*file) *change {
	c := &change{files: files, bumps: map[Class]int{}}
	for _, f := range files {
		f.read()
		f.settle(c.bumps)
	}
	c.moved = movedLines(files)
	added, removed := map[string]int{}, map[string]int{}
	uiLines := 0
	for _, f := range files {
		f.add = c.effective(f, '+', added)
		f.del = c.effective(f, '-', removed)
		f.effective = len(f.add) + len(f.del)
		if f.effective > 0 && f.class.in(Code, Migration, SQL, API) {
			c.live = append(c.live, f)
			c.lines += f.effective
			if f.ui {
				uiLines += f.effective
			}
		}
	}
	c.ui = 5*uiLines > 4*c.lines
	return c
}

// read fills in what follows from a file's path and lines.
func (f *file) read() {
	style := commentsOf(f.path)
	for i := range f.hunks {
		h := &f.hunks[i]
		h.words = wordsOf(h.head)
		for k := range h.lines {
			h.lines[k].read(style)
		}
	}
	f.classify()
	f.kind = kinds[extension(f.path)]
	f.words = wordsOf(f.path)
	f.ui = isUI(f.path)
}

// sides returns the lines of a hunk with text: what it removes, what it adds.
func (h *hunk) sides() (removed, added []*line) {
	for i := range h.lines {
		switch l := &h.lines[i]; {
		case l.text == "":
		case l.sign == '-':
			removed = append(removed, l)
		case l.sign == '+':
			added = append(added, l)
		}
	}
	return removed, added
}

// settle marks the lines of hunks that only wrap lines otherwise, or only name
// another version, which it counts.
func (f *file) settle(bumps map[Class]int) {
	for i := range f.hunks {
		removed, added := f.hunks[i].sides()
		if len(removed) == 0 || len(added) == 0 {
			continue
		}
		switch {
		case sameBut(removed, added):
		case f.class != Dep && f.class != Lock && sameVersions(removed, added):
			bumps[f.class] += len(added)
		default:
			continue
		}
		for _, side := range [][]*line{removed, added} {
			for _, l := range side {
				l.dead = true
			}
		}
	}
}

// wrapping are the bytes that wrapping a line otherwise adds and removes.
func wrapping(b byte) bool { return isSpace(b) || b == ',' || b == ';' || b == '(' || b == ')' }

// sameBut reports whether the two sides are the same text but for wrapping.
func sameBut(a, b []*line) bool {
	next := func(side []*line) func() (byte, bool) {
		i, k := 0, 0
		return func() (byte, bool) {
			for ; i < len(side); i, k = i+1, 0 {
				for ; k < len(side[i].key); k++ {
					if c := side[i].key[k]; !wrapping(c) {
						k++
						return c, true
					}
				}
			}
			return 0, false
		}
	}
	nextA, nextB := next(a), next(b)
	for {
		x, okA := nextA()
		y, okB := nextB()
		if x != y || okA != okB {
			return false
		}
		if !okA {
			return true
		}
	}
}

// sameVersions reports whether the lines are the same but for versions.
func sameVersions(a, b []*line) bool {
	if len(a) != len(b) {
		return false
	}
	without := func(l *line) string { return lexicon().expressions[version].ReplaceAllString(l.text, "#") }
	for i := range a {
		if a[i].text != b[i].text && (!dotted(a[i].text) || without(a[i]) != without(b[i])) {
			return false
		}
	}
	return true
}

// dotted reports whether a digit, a dot and a digit follow each other.
func dotted(s string) bool {
	for i := 1; i+1 < len(s); i++ {
		if s[i] == '.' && s[i-1] >= '0' && s[i-1] <= '9' && s[i+1] >= '0' && s[i+1] <= '9' {
			return true
		}
	}
	return false
}

// movedLines returns how often each line is on both sides of the diff.
func movedLines(files []*file) map[string]int {
	removed, moved := map[string]int{}, map[string]int{}
	each := func(sign byte, do func(key string)) {
		for _, f := range files {
			for i := range f.hunks {
				for k := range f.hunks[i].lines {
					if l := &f.hunks[i].lines[k]; l.sign == sign && l.text != "" && !l.dead {
						do(l.key)
					}
				}
			}
		}
	}
	each('-', func(key string) { removed[key]++ })
	each('+', func(key string) {
		if moved[key] < removed[key] {
			moved[key]++
		}
	})
	return moved
}

// effective returns the lines of one side of a file that say something: no move,
// no import, not only punctuation. Used counts the moves that were met.
func (c *change) effective(f *file, sign byte, used map[string]int) []*line {
	imports := f.class == Code || f.class == Test || f.class == Example
	var out []*line
	for i := range f.hunks {
		for k := range f.hunks[i].lines {
			l := &f.hunks[i].lines[k]
			if l.sign != sign || l.text == "" || l.dead {
				continue
			}
			if used[l.key] < c.moved[l.key] {
				used[l.key]++
				continue
			}
			if imports && l.matches(importLine, l.text) || !hasWord(l.text) {
				continue
			}
			out = append(out, l)
		}
	}
	return out
}

func hasWord(s string) bool {
	for i := range len(s) {
		if isWord(s[i]) {
			return true
		}
	}
	return false
}
