package gate

// book keeps, for one signal, what depends on the order of cases: the wagers
// and the confidence sequence of scores. Cases are taken in order of exposure,
// which the ledger sorts, so that the order of lines is no evidence. What is
// frozen is folded once; each snapshot goes on from there over the rest.
type book struct {
	signal *Signal
	arms   [2]page
	paired int // pairs folded into bets
	bets   Bets
	scores [2]bernstein
}

// page holds the outcomes of one arm's frozen units.
type page struct {
	units  int // so many of the arm's units are in cases
	cases  []float64
	folded int // so many of cases are in the wager on the floor and in scores
}

// newBook returns an empty book.
func newBook(p *Policy, s *Signal) *book {
	scores := newBernstein(p.Alpha.Promote)
	return &book{signal: s, bets: newBets(s), scores: [2]bernstein{scores, scores}}
}

// newBooks returns the books of the signals that need one, by signal.
func newBooks(p *Policy) []*book {
	books := make([]*book, len(p.Signals))
	for i := range p.Signals {
		if s := &p.Signals[i]; p.betting(s) {
			books[i] = newBook(p, s)
		}
	}
	return books
}

// tear begins every book anew: a frozen unit was changed, or came late.
func (l *Ledger) tear() {
	for i, b := range l.books {
		if b != nil {
			l.books[i] = newBook(&l.policy, b.signal)
		}
	}
}

// fold brings the book up to the frozen units.
func (b *book) fold(l *Ledger, signal int) {
	for arm := range b.arms {
		p := &b.arms[arm]
		for ; p.units < l.arms[arm].done; p.units++ {
			p.cases = l.appendCases(p.cases, l.arms[arm].byTime[p.units], signal, longAfter, false)
		}
	}
	for arm := range b.arms {
		for p := &b.arms[arm]; p.folded < len(p.cases); p.folded++ {
			b.scores[arm].add(p.cases[p.folded])
			if arm == treatment {
				b.bets.below(b.signal, p.cases[p.folded])
			}
		}
	}
	t, c := b.arms[treatment].cases, b.arms[control].cases
	for ; b.paired < min(len(t), len(c)); b.paired++ {
		b.bets.harmful(b.signal, t[b.paired], c[b.paired])
		b.bets.harmless(b.signal, t[b.paired], c[b.paired])
	}
}

// at returns bets and scores at a moment. A case of the treatment that is
// pending counts as perfect in what may roll back, and not at all elsewhere.
func (b *book) at(l *Ledger, signal int, now int64) (Bets, [2]bernstein) {
	b.fold(l, signal)
	bets, scores := b.bets.clone(), b.scores
	var live [2][]float64
	var innocent []float64
	for arm := range b.arms {
		for _, u := range l.arms[arm].byTime[b.arms[arm].units:] {
			live[arm] = l.appendCases(live[arm], u, signal, now, false)
			if arm == treatment {
				innocent = l.appendCases(innocent, u, signal, now, true)
			}
		}
	}
	for _, x := range innocent {
		bets.below(b.signal, x)
	}
	for arm := range live {
		for _, x := range live[arm] {
			scores[arm].add(x)
		}
	}
	b.pair(innocent, live[control], bets.harmful)
	b.pair(live[treatment], live[control], bets.harmless)
	return bets, scores
}

// write puts bets and means into the evidence of the signal.
func (b *book) write(l *Ledger, signal int, now int64, m *Measure) {
	bets, scores := b.at(l, signal, now)
	m.Bets = &bets
	if b.signal.Kind != Score {
		return
	}
	for arm, a := range []*Arm{m.Treatment, m.Control} {
		lo, hi := scores[arm].interval()
		a.Mean, a.MeanLo, a.MeanHi = new(scores[arm].mean()), &lo, &hi
	}
}

// pair goes on where fold has stopped, over the frozen cases that had no
// partner and the live ones.
func (b *book) pair(t, c []float64, bet func(s *Signal, t, c float64)) {
	frozenT, frozenC := b.arms[treatment].cases[b.paired:], b.arms[control].cases[b.paired:]
	for i := range min(len(frozenT)+len(t), len(frozenC)+len(c)) {
		bet(b.signal, element(frozenT, t, i), element(frozenC, c, i))
	}
}

// element returns element i of two lists, one after the other.
func element(a, b []float64, i int) float64 {
	if i < len(a) {
		return a[i]
	}
	return b[i-len(a)]
}

// appendCases appends the settled outcomes of a unit: a score, or 1 and 0 for
// a pass and a failure; 1 for one that is pending, where that is asked for.
func (l *Ledger) appendCases(cases []float64, u int32, signal int, now int64, pending bool) []float64 {
	unit, s := &l.units[u], &l.policy.Signals[signal]
	if unit.multi {
		return cases
	}
	age := now - unit.at
	slots, values := l.slotsOf(u, signal), l.valuesOf(u, signal)
	if pending && l.pendingAt(slots, age) {
		return append(cases, 1)
	}
	if age < micros(s.Settle) {
		return cases
	}
	for i := range slots {
		if slots[i].answered() {
			cases = append(cases, slots[i].outcome(s.Kind, valueAt(values, i)))
		}
	}
	return cases
}

// outcome returns an answer as a number from 0 to 1.
func (s *slot) outcome(kind string, value float64) float64 {
	switch {
	case kind == Score:
		return value
	case s.state == passed:
		return 1
	}
	return 0
}
