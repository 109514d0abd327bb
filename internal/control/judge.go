package control

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/policy"
)

// judged carries out a change, and asks the policy about it in the same
// transaction, which its refusal ends. Writes that need no right, such as
// signing in, are not asked about.
//
// What an agent does is looked at closely: its tier is asked, with a policy or
// without one, and what does not reduce exposure is charged to its budgets.
func (w *work) judged(ev event, created bool, change func() error) error {
	agent := w.p.Kind == KindAgent
	if w.s.policy == nil && !agent || w.perm == "" {
		return change()
	}
	in := policy.Input{
		Actor:  policy.Actor{Kind: string(w.p.Kind), ID: w.p.ID, OnBehalfOf: w.p.OnBehalfOf},
		Action: ev.Type, Permission: string(w.perm), Project: ev.Project, Env: policy.Environment{Name: ev.Env},
	}
	in.Actor.Tier, in.Actor.Demoted = w.p.tier(Scope{ev.Project, ev.Env}, w.now)
	if !agent {
		if ruled, settled := w.s.policy.Settled(in); settled {
			if err := change(); err != nil {
				return err
			}
			w.ruled = ruled
			return refused(ruled, w.perm)
		}
	}
	watched, err := w.watch(ev)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	if in.Env.Class, in.Effect, err = w.outcome(ev, watched); err != nil {
		return err
	}
	w.ruled = w.s.policy.Decide(in)
	if err := refused(w.ruled, w.perm); err != nil || !agent || in.Reduces() {
		return err
	}
	points, err := raised(w, watched)
	if err != nil {
		return err
	}
	return w.charge(ev, created, in.Env.Class, points)
}

// tier is that of an agent in a place, and whether it has lost it; "" for
// whoever is no agent.
func (p Principal) tier(at Scope, now time.Time) (tier policy.Tier, demoted bool) {
	if p.agent == nil {
		return "", false
	}
	return p.agent.TierAt(at, now), p.agent.Demoted != nil
}

// refused is the error of what is not allowed.
func refused(d policy.Decision, perm Permission) error {
	switch d.Outcome {
	case policy.Allow:
		return nil
	case policy.Require:
		return &Error{
			Kind: Denied, Code: "approval_required", Field: string(perm),
			Msg: "policy rule " + d.Rule + ": " + d.Why + ", and change requests are not available yet: somebody who may must do it",
		}
	default:
		return &Error{Kind: Denied, Code: "policy_denied", Field: string(perm), Msg: "policy rule " + d.Rule + ": " + d.Why}
	}
}

// watch begins to watch every flag and environment that a change can reach.
func (w *work) watch(ev event) ([]*exposure, error) {
	refs, err := w.reach(ev)
	var out []*exposure
	for _, ref := range refs {
		x, failed := expose(w, ref)
		out, err = append(out, x), errors.Join(err, failed)
	}
	return out, err
}

// reach names them.
func (w *work) reach(ev event) ([]Ref, error) {
	switch ev.Kind {
	case KindFlagEnv:
		env, flag, _ := strings.Cut(ev.Key, "/")
		return []Ref{{ev.Project, flag, env}}, nil
	case KindRelease:
		if r, ok := ev.Doc.(Release); ok {
			var out []Ref
			for _, t := range r.Targets() {
				out = append(out, Ref{t.Project, t.Flag, r.Environment})
			}
			return out, nil
		}
	case KindFlag:
		return w.reachOfFlag(ev)
	case KindSegment:
		id, err := strconv.Atoi(ev.Key)
		if err != nil {
			return nil, err
		}
		uses, err := usesOf(w, id)
		var out []Ref
		for _, u := range uses {
			if u.Flag != "" {
				out = append(out, u.Ref)
			}
		}
		return out, err
	default: // of the rest, no flag is watched: see boundless
	}
	return nil, nil
}

// reachOfFlag is every environment of its project; none where it is new, since
// it begins switched off.
func (w *work) reachOfFlag(ev event) ([]Ref, error) {
	f, err := get[Flag](w, KindFlag, ev.Key)
	if err != nil {
		return nil, present(err)
	}
	pr, err := get[Project](w, KindProject, f.Project)
	var out []Ref
	for _, env := range pr.Environments {
		out = append(out, Ref{f.Project, f.Name, env})
	}
	return out, err
}

// boundless are the kinds whose changes reach what nobody watches: which
// environments there are, what they are for, and what is served in them.
var boundless = map[ResourceKind]bool{KindProject: true, KindEnvironment: true, KindStrategyType: true}

// outcome says where a change counts, and what it does there at its worst. A
// change of an environment's flag counts there; others count where they
// increase exposure, in production if anywhere.
func (w *work) outcome(ev event, watched []*exposure) (class string, worst policy.Effect, err error) {
	if boundless[ev.Kind] {
		return policy.Production, policy.Increases, nil
	}
	if ev.Env != "" {
		if class, err = w.class(ev.Env); err != nil {
			return class, policy.Increases, err
		}
	}
	worst = policy.Same
	for _, x := range watched {
		effect, err := x.effect(w)
		if err != nil {
			return class, policy.Increases, err
		}
		switch effect {
		case policy.Increases:
			worst = effect
			here, err := w.class(x.ref.Environment)
			if err != nil {
				return class, worst, err
			}
			if class != policy.Production {
				class = here
			}
		case policy.Reduces:
			if worst == policy.Same {
				worst = effect
			}
		case policy.Same:
		}
	}
	return class, worst, nil
}

// class is that of an environment: production, unless its type says otherwise.
func (w *work) class(environment string) (string, error) {
	e, err := get[Environment](w, KindEnvironment, environment)
	if err == nil && slices.Contains([]string{"development", "test", "pre-production"}, e.Type) {
		return policy.NonProduction, nil
	}
	return policy.Production, present(err)
}
