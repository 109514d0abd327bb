package evidence

import (
	"slices"

	"github.com/lockflight/lockflight/internal/gate"
)

// signalExposure is the signal of a line that says which arm a unit is in.
const signalExposure = "exposure"

// The reasons of a flag evaluation (gate.md 4.1) by what they say of the arm.
var (
	assigning = []string{"split", "targeting_match"}
	defaulted = []string{"default", "error", "disabled", "stale"}
)

// exposure reads an evaluation of a flag. One that assigns is an exposure, one
// that served a default is not, and of the others (cached, static) outcomes
// may still be joined to the arm that they repeat.
func (t *telemetry) exposure(s subject) {
	flag := textOf(s.attrs, attrFlag)
	if flag == "" {
		t.fail(&refusal{cause: gate.Malformed, field: "flag", msg: "is missing"})
		return
	}
	r, ref := t.release(s.env, flag)
	if ref != nil {
		t.fail(ref)
		return
	}
	reason := normal(textOf(s.attrs, attrReason))
	if slices.Contains(defaulted, reason) {
		t.fail(r.refusal(Fallback, "", ""))
		return
	}
	a, ref := r.assignment(s)
	if ref == nil && slices.Contains(assigning, reason) {
		ref = t.accept(a.observation(s.at, s.env, signalExposure), nil)
	} else if ref == nil {
		t.fail(r.refusal(Unexposed, "", ""))
	}
	if ref != nil {
		t.fail(ref)
		return
	}
	keys := s.keys()
	t.in.join.assign(t.now, a, keys...)
	t.exposed = append(t.exposed, keys...)
}

// keys are what outcomes of the subject are joined by: its trace before its
// unit.
func (s subject) keys() []joinKey {
	var keys []joinKey
	if !s.trace.IsEmpty() {
		keys = append(keys, joinKey{environment: s.env, trace: s.trace})
	}
	if unit := s.unit(); unit != "" {
		keys = append(keys, joinKey{environment: s.env, unit: unit})
	}
	return keys
}
