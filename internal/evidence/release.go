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

	lines    []byte  // NDJSON: what a batch has accepted
	page     *[]byte // where their memory comes from and goes back to
	writer   gate.Writer
	accepted int64  // as many
	last     hashed // the unit that was asked for last

	meant map[string]*gate.Signal // by the name of an evaluation that was asked for
}

// hashed is the arm of a unit by its hash alone, where that decides.
type hashed struct {
	unit, arm  string
	known, set bool
}

// hash returns the arm of a unit by its hash. Lines of a unit tend to come
// together.
func (r *release) hash(unit string) (arm string, known bool) {
	if r.arm == nil {
		return "", false
	}
	if !r.last.set || r.last.unit != unit {
		r.last = hashed{unit: unit, set: true}
		r.last.arm, r.last.known = r.arm(r.view, unit)
	}
	return r.last.arm, r.last.known
}

func (r *release) mayWrite(p control.Principal) bool {
	return p.May(control.PermEvidenceWrite, control.Scope{Project: r.view.Project, Environment: r.view.Environment}) == nil
}

// refusal makes a refusal of something that was meant for the release.
func (r *release) refusal(cause gate.Cause, field, msg string) *refusal {
	return &refusal{cause: cause, release: r.view.ID, field: field, msg: msg}
}

// assignment says which arm of the release a subject's unit is in: the one that
// its variant names, else that of the unit's hash.
func (r *release) assignment(id identity) (assignment, *refusal) {
	a := assignment{release: r.view.ID, flag: r.view.Flag, unit: id.unit, kase: id.kase, build: id.build}
	variant := id.variant
	switch {
	case a.unit == "":
		return a, r.refusal(gate.Malformed, "unit", "is missing: it is what decides the arm")
	case a.build == "":
		return a, r.refusal(gate.Malformed, "build", "is missing: name the build that served, here or in "+attrBuild.String())
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
	hashed, known := r.hash(unit)
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

// named returns the policy's signal of that name, or nil.
func (r *release) named(name string) *gate.Signal {
	for i := range r.policy.Signals {
		if r.policy.Signals[i].Name == name {
			return &r.policy.Signals[i]
		}
	}
	return nil
}

// signal returns the signal that an evaluation means: the one whose source
// names it, the one of its name, or by an alias; nil where none is meant.
func (r *release) signal(name string) *gate.Signal {
	sig, known := r.meant[name]
	if !known {
		sig = r.meaning(name)
		if r.meant == nil {
			r.meant = map[string]*gate.Signal{}
		}
		r.meant[name] = sig
	}
	return sig
}

func (r *release) meaning(name string) *gate.Signal {
	for i := range r.policy.Signals {
		if s := &r.policy.Signals[i]; s.Source != nil && isSource(s.Source, name) {
			return s
		}
	}
	switch {
	case name == findingRootDuration:
		if s := r.named(signalLatency); s != nil && s.Source == nil {
			return s
		}
		return nil
	case strings.HasPrefix(name, "lockflight."):
		return nil // what a trace shows of itself: nobody else names it so
	}
	if s := r.named(name); s != nil {
		return s
	}
	if s := r.named(aliases[normal(name)]); s != nil && s.Source == nil {
		return s
	}
	return nil
}

// isSource says whether a source is what a finding is called.
func isSource(s *gate.Source, name string) bool {
	switch name {
	case findingSlots:
		return s.EvidenceSlots != nil
	case findingRootError:
		return s.Span == gate.SpanRootError
	case findingRootDuration:
		return s.Span == gate.SpanRootDuration
	case findingLength:
		return s.Span == gate.SpanFinishLength
	case findingFiltered:
		return s.Span == gate.SpanContentFilter
	}
	if s.Usage != "" && strings.HasPrefix(name, findingUsage) {
		return s.Usage == name[len(findingUsage):]
	}
	return slices.Contains(s.Evaluation, name) || s.Observation == name
}

func (r *release) noSignal(name string) *refusal {
	known := []string{signalExposure}
	for _, s := range r.policy.Signals {
		known = append(known, s.Name)
	}
	return r.refusal(gate.UnknownSignal, "signal", quote(name)+" is not one of the policy's: "+strings.Join(known, ", "))
}
