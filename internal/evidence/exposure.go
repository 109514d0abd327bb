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
func (t *telemetry) exposure(s *subject) {
	flag := s.attrs.text(attrFlag)
	if flag == "" {
		t.fail(&refusal{cause: gate.Malformed, field: "flag", msg: "is missing"})
		return
	}
	r, ref := t.release(s.env, flag)
	if ref != nil {
		t.fail(ref)
		return
	}
	reason := normal(s.attrs.text(attrReason))
	if slices.Contains(defaulted, reason) {
		t.fail(r.refusal(Fallback, "", ""))
		return
	}
	id := s.identity()
	a, ref := r.assignment(id)
	if ref == nil && slices.Contains(assigning, reason) {
		o := a.observation(s.at, s.env, signalExposure)
		ref = t.accept(&o, nil)
	} else if ref == nil {
		t.fail(r.refusal(Unexposed, "", ""))
	}
	if ref != nil {
		t.fail(ref)
		return
	}
	from := len(t.exposed)
	t.exposed = id.appendKeys(t.exposed, s.env)
	t.assigned = append(t.assigned, assigned{a, from, len(t.exposed)})
}
