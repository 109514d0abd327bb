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
// without one, and what does not reduce exposure is charged to its budgets. What
// is proposed is watched too, and shown with its effect; it is judged again, in
// its author's name, when it is carried out. No budget holds that back: people
// have approved it.
func (w *work) judged(ev event, created bool, change func() error) error {
	if ev.Kind == KindChangeRequest {
		return w.judgedRequest(ev, created, change)
	}
	p := w.acting()
	closely := p.Kind == KindAgent || w.taking != nil || w.request != nil
	if w.s.policy == nil && !closely || w.perm == "" {
		return change()
	}
	in := w.asked(p, ev)
	if !closely {
		if ruled, settled := w.s.policy.Settled(in); settled {
			if err := change(); err != nil {
				return err
			}
			w.ruled = ruled
			return w.refused()
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
	w.ruled, w.input = w.s.policy.Decide(in), in
	if err := w.refused(); err != nil || w.p.Kind != KindAgent || in.Reduces() || w.taking != nil || w.behalf != nil {
		return err
	}
	points, err := raised(w, watched)
	if err != nil {
		return err
	}
	return w.charge(ev, created, in.Env.Class, points)
}

// judgedRequest asks the policy about a step of a change request. What it
// proposes is judged for itself, and a request is how approvals are asked for:
// it needs none itself.
func (w *work) judgedRequest(ev event, created bool, change func() error) error {
	in := w.asked(w.p, ev)
	in.Env, in.Effect = policy.Environment{}, policy.Same
	if w.ruled = w.s.policy.Decide(in); w.ruled.Outcome == policy.Deny {
		return w.refused()
	}
	if err := change(); err != nil || w.p.Kind != KindAgent {
		return err
	}
	return w.charge(ev, created, "", 0)
}

// asked is what the policy is told of a change, but for its effect.
func (w *work) asked(p Principal, ev event) policy.Input {
	in := policy.Input{
		Actor:  policy.Actor{Kind: string(p.Kind), ID: p.ID, OnBehalfOf: p.OnBehalfOf},
		Action: ev.Type, Permission: string(w.perm), Project: ev.Project, Env: policy.Environment{Name: ev.Env},
	}
	in.Actor.Tier, in.Actor.Demoted = p.tier(Scope{ev.Project, ev.Env}, w.now)
	return in
}

// acting is in whose name a change is judged: in that of whoever answers for the
// request that is being carried out, where one is.
func (w *work) acting() Principal {
	if w.behalf != nil {
		return *w.behalf
	}
	return w.p
}

// tier is that of an agent in a place, and whether it has lost it; "" for
// whoever is no agent.
func (p Principal) tier(at Scope, now time.Time) (tier policy.Tier, demoted bool) {
	if p.agent == nil {
		return "", false
	}
	return p.agent.TierAt(at, now), p.agent.Demoted != nil
}

// refused is the error of what is not allowed. What needs an approval may be
// proposed, and carried out once it has them.
func (w *work) refused() error {
	d := w.ruled
	switch {
	case d.Outcome == policy.Allow, d.Outcome == policy.Require && w.taking != nil:
		return nil
	case d.Outcome == policy.Require && w.request != nil:
		return w.unapproved(d.Requires)
	case d.Outcome == policy.Require:
		return &Error{
			Kind: Denied, Code: "approval_required", Field: string(w.perm),
			Msg: "policy rule " + d.Rule + ": " + d.Why + ": propose it, by sending the same with ?propose=TITLE",
		}
	default:
		return &Error{Kind: Denied, Code: "policy_denied", Field: string(w.perm), Msg: "policy rule " + d.Rule + ": " + d.Why}
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
