package evidence

import (
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// release is a running release as evidence needs it.
type release struct {
	view   control.ReleaseView
	policy *gate.Policy // of the milestone being served
	arm    func(r control.ReleaseView, unit string) (string, bool)
}

func (r *release) mayWrite(p control.Principal) bool {
	return p.May(control.PermEvidenceWrite, control.Scope{Project: r.view.Project, Environment: r.view.Environment}) == nil
}

// refusal makes a refusal of something that was meant for the release.
func (r *release) refusal(cause gate.Cause, field, msg string) *refusal {
	return &refusal{cause: cause, release: r.view.ID, field: field, msg: msg}
}

// assignment says which arm of the release the subject's unit is in: the one
// that its variant names, else that of the unit's hash.
func (r *release) assignment(s subject) (assignment, *refusal) {
	a := assignment{release: r.view.ID, flag: r.view.Flag, unit: s.unit(), kase: s.caseID(), build: s.build()}
	variant := s.text(attrVariant)
	switch {
	case a.unit == "":
		return a, r.refusal(gate.Malformed, "unit", "is missing: it is what decides the arm")
	case a.build == "":
		return a, r.refusal(gate.Malformed, "build", "is missing: name the build that served, here or in "+attrBuild)
	case variant == gate.Treatment || variant == gate.Control:
		a.arm = variant
	}
	var ref *refusal
	a.arm, ref = r.settle(a.unit, a.arm)
	return a, ref
}

// settle compares the arm that was named, if any, with that of the unit's
// hash, where this decides (gate.md 5.0): two that disagree are misassigned.
func (r *release) settle(unit, named string) (string, *refusal) {
	hashed, known := "", false
	if r.arm != nil {
		hashed, known = r.arm(r.view, unit)
	}
	switch {
	case !known && named == "":
		return "", r.refusal(Unjoinable, "arm", "names no arm, and the unit alone does not decide: use treatment or control")
	case named == "":
		return hashed, nil
	case known && hashed != named:
		return named, r.refusal(gate.Misassigned, "arm", "is "+named+", but the unit is in "+hashed)
	}
	return named, nil
}

// signal returns the signal that an evaluation means: the one whose source
// names it, the one of its name, or by an alias.
func (r *release) signal(name string) (gate.Signal, bool) {
	for _, means := range []func(gate.Signal) bool{
		func(s gate.Signal) bool { return s.Source != nil && slices.Contains(s.Source.Evaluation, name) },
		func(s gate.Signal) bool { return s.Name == name },
		func(s gate.Signal) bool { return s.Source == nil && s.Name == aliases[normal(name)] },
	} {
		if i := slices.IndexFunc(r.policy.Signals, means); i >= 0 {
			return r.policy.Signals[i], true
		}
	}
	return gate.Signal{}, false
}

func (r *release) noSignal(name string) *refusal {
	known := []string{signalExposure}
	for _, s := range r.policy.Signals {
		known = append(known, s.Name)
	}
	return r.refusal(gate.UnknownSignal, "signal", quote(name)+" is not one of the policy's: "+strings.Join(known, ", "))
}
