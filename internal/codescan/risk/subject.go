package risk

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// subject is what code may be about, and what touching it is worth: that the path
// names it, that a line does, that a line of logic does.
type subject struct {
	name                 string
	word                 wordSet
	path, mention, logic int
	deep                 int // more for six lines or more
	near                 int // for logic beside it, where either path or symbol names it; 0 for not at all
	nearBoth             int // the same where both do
	symbols              bool
}

// subjects are in the order in which ties are broken by the order of files.
var subjects = []subject{
	{name: "auth", word: aboutAuth, path: 6, mention: 10, logic: 20, deep: 6, near: 15, nearBoth: 15, symbols: true},
	{name: "crypto", word: aboutCrypto, path: 6, mention: 9, logic: 18, deep: 6, near: 13, nearBoth: 13, symbols: true},
	{name: "money", word: aboutMoney, path: 8, mention: 12, logic: 20, deep: 6, near: 16, nearBoth: 16, symbols: true},
	{name: "pii", word: aboutPII, path: 3, mention: 6, logic: 10, deep: 4, near: 6, nearBoth: 8},
	{name: "conc", word: aboutConcurrency, mention: 6, logic: 12, deep: 4},
	{name: "net", word: aboutNetwork, mention: 4, logic: 8, deep: 4},
	{name: "data", word: aboutData, path: 3, mention: 6, logic: 12, deep: 4, near: 6, nearBoth: 9, symbols: true},
}

// shares is how much, in percent, the best subject counts, the second, and so on.
var shares = []int{100, 60, 40, 25}

// enough lines about a subject count as more than a mention.
const enough = 6

// subjects gives points for what the change is about.
func (c *change) subjects() {
	best := make([]Contribution, len(subjects))
	for _, f := range c.files {
		if !f.class.in(Code, SQL, Migration, API, Config, Infra) {
			continue
		}
		for i := range subjects {
			subjects[i].look(f, &best[i])
		}
	}
	slices.SortStableFunc(best, func(a, b Contribution) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(kindOf(a), kindOf(b)))
	})
	for i, share := range shares {
		if b := best[i]; b.Points*share/100 > 0 {
			c.at(b.Points*share/100, "subject."+b.ID, b.Path, b.Line, b.Why)
		}
	}
}

func kindOf(c Contribution) string {
	name, _, _ := strings.Cut(c.ID, ".")
	return name
}

// look keeps the best hit of a subject in a file, where it is better than the
// one before.
func (s *subject) look(f *file, best *Contribution) {
	soft := f.ui || f.class.in(Config, Infra, API)
	take := func(points int, kind string, line int, why string) {
		if points > best.Points {
			*best = Contribution{Points: points, ID: s.name + kind, Path: f.path, Line: line, Why: why}
		}
	}
	inPath := s.path > 0 && f.words&s.word != 0 && f.effective > 0
	if inPath {
		points := s.path
		if soft {
			points /= 2
		}
		take(points, ".path", 0, "the path names "+s.name)
	}
	inSymbol := s.symbols && slices.ContainsFunc(f.hunks, func(h hunk) bool { return h.words&s.word != 0 })
	hits, first := 0, 0
	for _, side := range [][]*line{f.add, f.del} {
		for _, l := range side {
			points, kind := s.weigh(f, l, inPath, inSymbol)
			if points == 0 {
				continue
			}
			if kind != ".near" {
				if hits++; hits == 1 {
					first = l.place()
				}
			}
			if soft {
				points = (points + 1) / 2
			}
			take(points, kind, l.place(), l.blank)
		}
	}
	if hits >= enough && best.Points >= s.logic && !soft {
		line := best.Line
		if best.Path != f.path {
			line = first
		}
		take(s.logic+s.deep, strings.TrimPrefix(best.ID, s.name)+"+", line, strconv.Itoa(hits)+" lines")
	}
}

// weigh returns what one line is worth, and why.
func (s *subject) weigh(f *file, l *line, inPath, inSymbol bool) (points int, kind string) {
	switch {
	case s.mentions(f, l):
		if l.isLogic() && !plainPair.in(l.blank) {
			return s.logic, ".logic"
		}
		return s.mention, ".mention"
	case inPath && inSymbol && s.near > 0 && l.isLogic():
		return s.nearBoth, ".near"
	case (inPath || inSymbol) && s.near > 0 && l.isLogic():
		return s.near, ".near"
	}
	return 0, ""
}

// mentions reports whether a line is about the subject.
func (s *subject) mentions(f *file, l *line) bool {
	switch s.word {
	case aboutConcurrency:
		return l.matches(concurrency, l.blank)
	case aboutNetwork:
		return l.matches(network, l.blank)
	case aboutData:
		return f.class == Migration || l.matches(databaseQuery, l.text)
	default:
		return l.words&s.word != 0
	}
}

// isLogic reports whether a line has control flow, a call or an assignment.
func (l *line) isLogic() bool {
	if strings.IndexByte(l.blank, '=') >= 0 || strings.Contains(l.blank, "&&") || strings.Contains(l.blank, "||") {
		return true
	}
	for i := 1; i < len(l.blank); i++ {
		if l.blank[i] == '(' && isWord(l.blank[i-1]) {
			return true
		}
	}
	return l.matches(logicWord, l.blank)
}
