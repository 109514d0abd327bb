package control

import (
	"fmt"
	"slices"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
)

// enterStages makes a start by a plan with stages one of its first stage.
func (in *StartRelease) enterStages() error {
	stages := in.Plan.Stages
	if len(stages) == 0 {
		return nil
	}
	if err := in.Plan.Validate(); err != nil {
		return InvalidPlan("plan", err)
	}
	first := stages[0].Environment
	if in.Environment != "" && in.Environment != first {
		return Invalidf("environment", "is %q: the plan begins in %q, or leave it out", in.Environment, first)
	}
	if err := checkPlan(in.Plan); err != nil {
		return err
	}
	rest := slices.Clone(stages[1:])
	for i := range rest { // each is a plan's whole way in its environment
		if rest[i].Calendar == nil {
			rest[i].Calendar = in.Plan.Calendar
		}
	}
	in.Environment, in.Plan, in.Stages = first, in.Plan.Stage(0), rest
	return nil
}

// staged notes the stages that follow a release, where its flag is served in the
// environment of each, and whoever starts it may start it there too.
func (w *work) staged(r *Release, stages []gate.Stage) error {
	if len(stages) == 0 {
		return nil
	}
	for _, one := range r.Each() {
		_, pr, err := flagOf(w, one.Project, one.Flag)
		if err != nil {
			return err
		}
		for i, st := range stages {
			if !slices.Contains(pr.Environments, st.Environment) {
				return Invalidf(fmt.Sprintf("plan.stages[%d].environment", i+1), "project %q is not served in an environment %q", pr.ID, st.Environment)
			}
			if err := w.mayOn(Scope{one.Project, st.Environment}, "flag", one.Flag, PermReleaseStart); err != nil {
				return err
			}
		}
	}
	r.Stages, r.Starter = stages, w.acting().starter()
	return w.mayOn(r.Ref().scope(), "flag", r.Flag, PermReleaseStart) // what the record names
}

// unfollow calls off the stage that is to follow a release of which something is
// rolled back, where it has not begun.
func (w *work) unfollow(r *Release) error {
	if r.Next == "" {
		return nil
	}
	next, err := releaseOf(w, r.Next)
	if err != nil || next.State != Scheduled {
		return err
	}
	return w.abort(next.Release, "release "+r.ID+", which it follows, was rolled back")
}

// follow schedules the release of the stage that follows one that completes. It
// begins by the rights of whoever started the first, as any that was scheduled.
func (w *work) follow(r *Release) error {
	if len(r.Stages) == 0 {
		return nil
	}
	st := r.Stages[0]
	plan := r.Plan
	plan.Policy, plan.Milestones, plan.Calendar = st.Policy, st.Milestones, st.Calendar
	lead := r.Each()[0] // what was withdrawn goes on nowhere
	next := Release{
		ID: newID("rel-", w.now), Project: lead.Project, Flag: lead.Flag, Environment: st.Environment,
		Build: lead.Build, Control: lead.Control, Plan: plan, Template: r.Template, Stickiness: r.Stickiness,
		State: Scheduled, Stages: r.Stages[1:], After: r.ID, StartAt: &w.now, Starter: r.Starter, Request: r.Request,
		StartedBy: r.StartedBy, StartedAt: w.now, ChangedAt: w.now,
	}
	for _, one := range r.Each()[1:] {
		next.With = append(next.With, Target{Project: one.Project, Flag: one.Flag, Build: one.Build, Control: one.Control})
	}
	r.Next = next.ID
	return w.putRelease("release.schedule", next, audit.Decision{})
}
