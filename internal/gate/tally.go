package gate

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

const (
	beforeAll = math.MinInt64     // Unix microseconds: before every exposure
	longAfter = math.MaxInt64 / 2 // and when nothing changes by time any more
)

// armLedger holds the exposed units of one arm in the order of their
// exposure. Those that nothing but the other arm can change any more are
// frozen: they are summed up once, and a snapshot reads only the rest.
type armLedger struct {
	fresh    []int32 // exposed since the last snapshot, in no order
	byTime   []int32
	done     int   // so many of byTime are frozen: those before frontier
	frontier int64 // Unix microseconds
	frozen   tally
	values   []sortedValues // by signal; used by quantiles
}

// tally sums up units of one arm.
type tally struct {
	exposures, step Count
	signals         []signalTally
}

type signalTally struct {
	n, k          Count // settled cases, and those that passed (a quantile: over the rollback threshold)
	overPromote   Count
	pending       Count
	due, answered Count // units whose outcome is due, and those that have one
	segments      []counts
}

func newArmLedger(p *Policy) armLedger {
	return armLedger{
		frontier: beforeAll,
		frozen:   tally{signals: make([]signalTally, len(p.Signals))},
		values:   make([]sortedValues, len(p.Signals)),
	}
}

// clone returns a tally to add to.
func (t *tally) clone() tally {
	c := *t
	c.signals = slices.Clone(t.signals)
	for i := range c.signals {
		c.signals[i].segments = slices.Clone(c.signals[i].segments)
	}
	return c
}

// segment returns the counts between two restart points.
func (t *signalTally) segment(i uint16) *counts {
	for int(i) >= len(t.segments) {
		t.segments = append(t.segments, counts{})
	}
	return &t.segments[i]
}

// tallyUnit adds a unit, as it stands at a moment, sign times to t.
func (l *Ledger) tallyUnit(t *tally, u int32, at int64, sign Count) {
	unit := &l.units[u]
	if unit.multi {
		return
	}
	age := at - unit.at
	t.exposures += sign
	if unit.at > l.stepStart {
		t.step += sign
	}
	for i := range l.policy.Signals {
		l.tallySignal(&t.signals[i], u, i, age, sign)
	}
}

func (l *Ledger) tallySignal(t *signalTally, u int32, signal int, age int64, sign Count) {
	s, slots, values := &l.policy.Signals[signal], l.slotsOf(u, signal), l.valuesOf(u, signal)
	settled := age >= micros(s.Settle)
	answered := false
	for i := range slots {
		if !slots[i].answered() {
			continue
		}
		answered = true
		if settled {
			t.addCase(s, &slots[i], valueAt(values, i), sign)
		}
	}
	if !answered && slots[0].state == na {
		return
	}
	if l.pendingAt(slots, age) {
		t.pending += sign
		t.segment(slots[0].segment).pending += sign
	}
	if age >= l.policy.lag(s) {
		t.due += sign
		if answered {
			t.answered += sign
		}
	}
}

// pendingAt says whether a unit of an age has not answered and still may.
func (l *Ledger) pendingAt(slots []slot, age int64) bool {
	for i := range slots {
		if slots[i].state != open {
			return false
		}
	}
	return age <= micros(l.policy.Evidence.OutcomeWindow)
}

// addCase counts one settled case.
func (t *signalTally) addCase(s *Signal, o *slot, value float64, sign Count) {
	seg := t.segment(o.segment)
	t.n += sign
	seg.n += sign
	if s.Kind == Quantile && value > s.Promote {
		t.overPromote += sign
	}
	k := sign * o.count(s, value)
	t.k += k
	seg.k += k
}

// count returns what a case adds to k: 1 for a pass or a value over the
// rollback threshold, or the number of its events.
func (s *slot) count(signal *Signal, value float64) Count {
	is := s.state == passed
	switch signal.Kind {
	case Counter:
		return Count(value)
	case Quantile:
		is = value > signal.Rollback
	}
	if is {
		return 1
	}
	return 0
}

// lag returns how long after its exposure an outcome is due, in microseconds.
func (p *Policy) lag(s *Signal) int64 { return micros(max(p.Evidence.OutcomeGrace, s.Settle)) }

// horizon returns the age at which a unit no longer changes by time.
func (p *Policy) horizon() int64 {
	h := max(p.Evidence.OutcomeWindow, p.Evidence.OutcomeGrace)
	for i := range p.Signals {
		h = max(h, p.Signals[i].Settle)
	}
	return micros(h) + 1
}

func micros(d Duration) int64 { return int64(d) / 1000 }

// advance sorts the fresh units in and freezes those that are old enough.
func (l *Ledger) advance(arm *armLedger, at int64) {
	l.sortIn(arm)
	arm.frontier = max(arm.frontier, at-l.policy.horizon())
	for ; arm.done < len(arm.byTime); arm.done++ {
		u := arm.byTime[arm.done]
		if l.units[u].at >= arm.frontier {
			return
		}
		l.units[u].frozen = true
		l.refreeze(u)
	}
}

// sortIn merges the fresh units by time of exposure. Ties go by the hash of the
// name, not by the order of lines, which is no evidence.
func (l *Ledger) sortIn(arm *armLedger) {
	before := func(a, b int32) int {
		return cmp.Or(cmp.Compare(l.units[a].at, l.units[b].at), cmp.Compare(l.units[a].hash, l.units[b].hash))
	}
	slices.SortFunc(arm.fresh, before)
	i, j := len(arm.byTime)-1, len(arm.fresh)-1
	arm.byTime = append(arm.byTime, arm.fresh...)
	for k := len(arm.byTime) - 1; j >= 0; k-- {
		if i >= 0 && before(arm.byTime[i], arm.fresh[j]) > 0 {
			arm.byTime[k] = arm.byTime[i]
			i--
		} else {
			arm.byTime[k] = arm.fresh[j]
			j--
		}
	}
	for _, u := range arm.fresh {
		if l.units[u].at < arm.frontier {
			l.units[u].frozen = true
			l.refreeze(u)
			arm.done++
			l.tear()
		}
	}
	arm.fresh = arm.fresh[:0]
}

// unfreeze takes a frozen unit out of its arm's tally, to change it.
func (l *Ledger) unfreeze(u int32) {
	if l.units[u].frozen {
		l.tallyUnit(&l.arms[l.units[u].arm].frozen, u, longAfter, -1)
		l.tear()
	}
}

// refreeze puts a frozen unit into its arm's tally.
func (l *Ledger) refreeze(u int32) {
	if l.units[u].frozen {
		l.tallyUnit(&l.arms[l.units[u].arm].frozen, u, longAfter, 1)
		l.sortValues(u, longAfter)
	}
}

// sortValues puts the settled values of a unit into order.
func (l *Ledger) sortValues(u int32, at int64) {
	if l.units[u].multi {
		return
	}
	for i := range l.policy.Signals {
		s := &l.policy.Signals[i]
		if s.Kind != Quantile || at-l.units[u].at < micros(s.Settle) {
			continue
		}
		slots, values := l.slotsOf(u, i), l.valuesOf(u, i)
		for j := range slots {
			if slots[j].answered() && !slots[j].sorted {
				l.arms[l.units[u].arm].values[i].add(values[j])
				slots[j].sorted = true
			}
		}
	}
}

// beginStep counts the units of the milestone anew where it has changed.
func (l *Ledger) beginStep(start int64) {
	if start == l.stepStart {
		return
	}
	l.stepStart = start
	for i := range l.arms {
		arm := &l.arms[i]
		arm.frozen.step = 0
		for _, u := range arm.byTime[:arm.done] {
			if !l.units[u].multi && l.units[u].at > start {
				arm.frozen.step++
			}
		}
	}
}

// upTo returns how many of an arm's units, in order of time, were exposed at
// or before a moment.
func (l *Ledger) upTo(arm *armLedger, at int64) int {
	return sort.Search(len(arm.byTime), func(i int) bool { return l.units[arm.byTime[i]].at > at })
}
