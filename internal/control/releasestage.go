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
	in.Environment, in.Plan, in.stages = first, in.Plan.Stage(0), rest
	return nil
}

// staged notes the stages that follow a release, where its flag is served in the
// environment of each, and whoever starts it may start it there too.
func (w *work) staged(r *Release, stages []gate.Stage) error {
	if len(stages) == 0 {
		return nil
	}
	_, pr, err := flagOf(w, r.Project, r.Flag)
	if err != nil {
		return err
	}
	for i, st := range stages {
		if !slices.Contains(pr.Environments, st.Environment) {
			return Invalidf(fmt.Sprintf("plan.stages[%d].environment", i+1), "project %q is not served in an environment %q", pr.ID, st.Environment)
		}
		at := Ref{r.Project, r.Flag, st.Environment}
		if err := w.mayOn(at.scope(), "flag", r.Flag, PermReleaseStart); err != nil {
			return err
		}
	}
	r.Stages, r.Starter = stages, w.p.starter()
	return w.mayOn(r.Ref().scope(), "flag", r.Flag, PermReleaseStart) // what the record names
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
	next := Release{
		ID: newID("rel-", w.now), Project: r.Project, Flag: r.Flag, Environment: st.Environment,
		Build: r.Build, Control: r.Control, Plan: plan, Template: r.Template, Stickiness: r.Stickiness,
		State: Scheduled, Stages: r.Stages[1:], After: r.ID, StartAt: &w.now, Starter: r.Starter,
		StartedBy: r.StartedBy, StartedAt: w.now, ChangedAt: w.now,
	}
	r.Next = next.ID
	return w.putRelease("release.schedule", next, audit.Decision{})
}
