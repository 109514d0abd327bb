package evidence

import (
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// outcome finds the releases and arms that a finding speaks of: those that
// its subject names, else those that its trace or its unit was exposed to,
// now or later (gate.md 4.3).
func (t *telemetry) outcome(f *finding) {
	fail := func(ref *refusal) {
		if ref != nil && !f.ambient {
			t.fail(ref)
		}
	}
	a, named, ref := t.named(f)
	if ref != nil {
		fail(ref)
		return
	}
	if named {
		fail(t.emit(f, a))
		return
	}
	t.keys = f.appendKeys(t.keys[:0], f.env)
	keys := t.keys
	if len(keys) == 0 {
		fail(&refusal{cause: Unjoinable, field: "unit", msg: "is missing, and so is a trace: of no arm"})
		return
	}
	// The unit is the last key: its exposure may be in another trace.
	found, lost := t.in.join.findOrWait(t.now, t.found, f, t.from, keys...)
	t.in.lost(lost)
	if found != nil {
		t.found = found
	}
	for _, a := range found {
		fail(t.emit(f, a))
	}
}

// named returns the arm where the subject itself says it. The refusal is
// final: the sender may not write there, no release runs there, or the arm is
// not the unit's.
func (t *telemetry) named(f *finding) (a assignment, ok bool, ref *refusal) {
	if f.flag == "" {
		return a, false, t.mayWriteIn(f.env)
	}
	r, ref := t.release(f.env, f.flag)
	if ref != nil {
		return a, false, ref
	}
	a, ref = r.assignment(f.identity)
	if ref != nil && ref.cause != gate.Misassigned {
		return a, false, nil
	}
	return a, ref == nil, ref
}

// settle takes an outcome that waited for its exposure, as far as its own
// sender may write there. It is counted, but no fault of the item being read.
func (t *telemetry) settle(m match) {
	for _, a := range m.to {
		r, ref := t.release(m.finding.env, a.flag)
		if ref == nil && !r.mayWrite(m.from) {
			ref = noRelease(Denied, place{m.finding.env, a.flag})
		}
		if ref == nil {
			ref = t.emit(&m.finding, a)
		}
		if ref != nil && !m.finding.ambient {
			t.note(ref)
		}
	}
}

// emit accepts a finding as an observation of an arm.
func (t *telemetry) emit(f *finding, a assignment) *refusal {
	r, ref := t.release(f.env, a.flag)
	if ref == nil && r.view.ID != a.release {
		ref = noRelease(gate.Foreign, place{f.env, a.flag})
	}
	if ref != nil {
		return ref
	}
	o, ref := f.observation(r, a)
	if ref != nil {
		return ref
	}
	return t.accept(&o, nil)
}

// unasked is why an ambient finding does not count where no signal means it.
var unasked = &refusal{cause: gate.UnknownSignal}

// observation gives a finding the meaning that the release's policy has for
// it. Of a rate without a label, a score of passScore or more passes.
func (f *finding) observation(r *release, a assignment) (gate.Observation, *refusal) {
	sig := r.signal(f.name)
	if sig == nil && f.ambient {
		return gate.Observation{}, unasked
	}
	if sig == nil {
		return gate.Observation{}, r.noSignal(f.name)
	}
	if f.spent != nil {
		var unpriced string
		if f.score, unpriced = f.spent.amount(sig.Source); unpriced != "" {
			f.ambient = false // the policy asks for it
			return gate.Observation{}, r.refusal(gate.BadValue, attrModel.String(), quote(unpriced)+" has no price in the policy: the cost is missing")
		}
		f.scored = true
	}
	o := a.observation(f.at, f.env, sig.Name)
	o.CaseClass, o.Severity = f.caseClass, f.severity
	if f.evaluator != (gate.Evaluator{}) {
		o.Evaluator = &f.evaluator
	}
	if f.answered != (gate.CaseIdentity{}) {
		o.Identity = &f.answered
	}
	if f.kase != "" {
		o.Case = f.kase
	}
	if f.named != "" {
		o.Build = f.named
	}
	switch {
	case f.result == notApplicable:
		o.NA = true
	case sig.Kind != gate.Bernoulli && f.scored:
		o.Value = &f.score
	case sig.Kind != gate.Bernoulli: // refused by check, which says what is right
	case f.result == unread:
		return o, r.refusal(gate.BadValue, f.field, "has no label that is understood, and what a score means is its evaluator's business: use pass, fail or not_applicable")
	case f.result != unlabelled:
		o.Pass = verdict(f.result == passed)
	case f.scored && f.score >= 0 && f.score <= 1:
		o.Pass = verdict(f.score >= passScore)
	default:
		return o, r.refusal(gate.BadValue, f.field, "is a score outside 0 to 1 without a label: say whether it passes")
	}
	return o, nil
}

// verdict returns pass to be pointed at; nothing writes through it.
func verdict(pass bool) *bool {
	if pass {
		return &verdicts[1]
	}
	return &verdicts[0]
}

var verdicts = [...]bool{false, true}

// observation is what all lines of the assignment's unit have in common.
func (a assignment) observation(at time.Time, env, signal string) gate.Observation {
	return gate.Observation{
		At: at.UTC(), Environment: env, Flag: a.flag, Arm: a.arm, Unit: a.unit, Case: a.kase, Build: a.build, Signal: signal,
	}
}
