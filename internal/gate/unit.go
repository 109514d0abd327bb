package gate

import (
	"slices"
	"time"
)

// The arms as indices.
const (
	treatment = iota
	control
)

func armOf(arm string) uint8 {
	if arm == Treatment {
		return treatment
	}
	return control
}

// unit is what the ledger knows of one unit besides its outcomes. Times are
// Unix microseconds: RFC 3339 reaches years that nanoseconds do not.
type unit struct {
	hash     uint64 // of its name
	at       int64  // of its first exposure
	arm      uint8
	exposed  bool
	multi    bool // seen in both arms: in neither, for ever
	critical bool
	frozen   bool // in the frozen tally of its arm
}

// answerState is what is known of one outcome.
type answerState uint8

const (
	open   answerState = iota // no answer yet
	na                        // the signal does not apply
	passed                    // or, of a quantile, a value
	failed
)

// slot is the outcome of one signal and case of a unit, but for its value.
type slot struct {
	kase    uint32 // hash of the case
	segment uint16 // restart points born before the answer, or until then the exposure
	state   answerState
	sorted  bool // the value is in the arm's sorted values
}

func (s *slot) answered() bool { return s.state >= passed }

// outcome is an answer to a slot.
type outcome struct {
	signal       int32
	kase         uint32
	at, received int64
	value        float64
	state        answerState
}

func outcomeOf(o *Observation, signal int) outcome {
	out := outcome{signal: int32(signal), kase: caseHash(o.Case), at: o.At.UnixMicro(), received: o.received().UnixMicro(), state: na}
	if o.Value != nil {
		out.value, out.state = *o.Value, passed
	}
	if o.Pass != nil {
		out.state = passed
		if !*o.Pass {
			out.state = failed
		}
	}
	return out
}

// caseHash is FNV-1a; the cases of one unit are few, so 32 bits tell them
// apart.
func caseHash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// unit returns the number of a line's unit, which the line fixes to its arm
// where it is new; false where there is no room for a new one. Lines of a unit
// tend to come together.
func (l *Ledger) unit(o *Observation) (u int32, ok bool) {
	if l.last.name != o.Unit {
		l.last.name, l.last.hash = o.Unit, hashOf(o.Unit)
	}
	u, _, ok = l.index.find(l.last.hash, l.units)
	if ok || !l.take() {
		return u, ok
	}
	l.units = append(l.units, unit{hash: l.last.hash, arm: armOf(o.Arm)})
	l.slots = append(l.slots, make([]slot, l.width)...)
	l.values = append(l.values, make([]float64, l.valued)...)
	l.index.add(l.units)
	return int32(len(l.units) - 1), true
}

// slotsOf returns the slots of a unit and signal: one a case.
func (l *Ledger) slotsOf(u int32, signal int) []slot {
	cases := l.policy.Cluster.MaxCasesPerUnit
	from := int(u)*l.width + signal*cases
	return l.slots[from : from+cases]
}

// valuesOf returns the values of a unit's slots: the worst so far, of a score the
// least, else the largest. A rate has none.
func (l *Ledger) valuesOf(u int32, signal int) []float64 {
	if l.valuesAt[signal] < 0 {
		return nil
	}
	from := int(u)*l.valued + l.valuesAt[signal]
	return l.values[from : from+l.policy.Cluster.MaxCasesPerUnit]
}

// layOut says where the values of each signal are among those of a unit.
func (l *Ledger) layOut() {
	for i := range l.policy.Signals {
		at := -1
		if l.policy.Signals[i].Kind != Bernoulli {
			at = l.valued
			l.valued += l.policy.Cluster.MaxCasesPerUnit
		}
		l.valuesAt = append(l.valuesAt, at)
	}
}

// valueAt returns a value; 0 where the signal has none.
func valueAt(values []float64, i int) float64 {
	if values == nil {
		return 0
	}
	return values[i]
}

// expose takes the first exposure of a unit, and the outcomes that came
// before it; later exposures change nothing.
func (l *Ledger) expose(u int32, o *Observation) {
	if l.units[u].exposed {
		return
	}
	l.units[u].exposed = true
	l.units[u].at = o.At.UnixMicro()
	for i := range l.policy.Signals {
		for j := range l.slotsOf(u, i) {
			l.slotsOf(u, i)[j].segment = l.points[i].count()
		}
	}
	arm := &l.arms[l.units[u].arm]
	arm.fresh = append(arm.fresh, u)
	if l.units[u].arm == control && l.control == "" {
		l.control = o.Build
	}
	for _, out := range l.waiting[u] {
		if c := l.answer(u, out); c != "" {
			l.rejected[c]++
		}
	}
	l.served(u)
}

// answer takes an outcome of an exposed unit: the worst within the outcome
// window counts.
func (l *Ledger) answer(u int32, out outcome) Cause {
	until := l.units[u].at + time.Duration(l.policy.Evidence.OutcomeWindow).Microseconds()
	if out.at > until || out.received > until {
		return Late
	}
	i := l.slotFor(u, out)
	if i < 0 {
		return "" // beyond the cluster: no interval may count it
	}
	l.unfreeze(u)
	l.put(u, i, out)
	l.refreeze(u)
	return ""
}

// slotFor returns which slot is the outcome's case's, or a free one, or -1 where
// the unit has had all the cases that count.
func (l *Ledger) slotFor(u int32, out outcome) int {
	slots := l.slotsOf(u, int(out.signal))
	for i := range slots {
		if slots[i].answered() && slots[i].kase == out.kase {
			return i
		}
	}
	return slices.IndexFunc(slots, func(s slot) bool { return !s.answered() })
}

// put writes an outcome into slot i of its signal.
func (l *Ledger) put(u int32, i int, out outcome) {
	s, values := &l.slotsOf(u, int(out.signal))[i], l.valuesOf(u, int(out.signal))
	if out.state == na {
		if s.state == open {
			s.state = na
		}
		return
	}
	arm, signal := l.units[u].arm, out.signal
	worse := values != nil && out.value > values[i]
	if l.policy.Signals[signal].Kind == Score {
		worse = !s.answered() || out.value < values[i]
	}
	if !s.answered() {
		s.kase, s.segment = out.kase, l.points[signal].count()
		if arm == treatment {
			l.outcomes++
			l.points[signal].cases++
		}
	}
	s.state = max(s.state, out.state)
	if worse {
		if s.sorted {
			l.arms[arm].values[signal].remove(values[i])
			s.sorted = false
		}
		values[i] = out.value
	}
}

// leave takes a unit out of both arms, for ever.
func (l *Ledger) leave(u int32) {
	if l.units[u].multi {
		return
	}
	l.unfreeze(u)
	l.units[u].multi = true
	l.multi++
	l.served(u)
	for i := range l.policy.Signals {
		values := l.valuesOf(u, i)
		for j, s := range l.slotsOf(u, i) {
			if s.sorted {
				l.arms[l.units[u].arm].values[i].remove(values[j])
			}
		}
	}
}
