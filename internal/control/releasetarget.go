package control

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// Target is one flag of a release, with the build that is released behind it: a
// service's, where several services change together. All flags of a release
// share its id as their groupId, so that a unit is in the same arm of each.
type Target struct {
	Project     string            `json:"project"`
	Flag        string            `json:"flag"`
	Build       string            `json:"build"`
	Control     string            `json:"control,omitempty"`
	Constraints []eval.Constraint `json:"constraints,omitempty"`
	Segments    []int             `json:"segments,omitempty"`
	Joinable    bool              `json:"joinable"`
	Withdrawn   *Withdrawal       `json:"withdrawn,omitempty"` // nil while it is part of the release
}

// Withdrawal is how one flag was rolled back while the others went on.
type Withdrawal struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
}

// StartTarget asks for one more flag in a release.
type StartTarget struct{ Flag, Build, Control string }

// Targets are all flags of the release, those that were withdrawn included.
func (r Release) Targets() []Target {
	lead := Target{r.Project, r.Flag, r.Build, r.Control, r.Constraints, r.Segments, r.Joinable, r.Withdrawn}
	return append([]Target{lead}, r.With...)
}

// Each returns the release as each flag that is part of it sees it.
func (r Release) Each() []Release {
	var out []Release
	for _, t := range r.Targets() {
		if t.Withdrawn != nil {
			continue
		}
		one := r
		one.Project, one.Flag, one.Build, one.Control = t.Project, t.Flag, t.Build, t.Control
		one.Constraints, one.Segments, one.Joinable = t.Constraints, t.Segments, t.Joinable
		out = append(out, one)
	}
	return out
}

// Serving returns the release as each flag sees it whose serving it decides:
// those that are part of it, but for what was configured otherwise since it
// completed.
func (r Release) Serving() []Release {
	return slices.DeleteFunc(r.Each(), func(one Release) bool {
		return r.Watch != nil && !r.watches(one.Flag)
	})
}

// Builds are the builds of the flags whose serving the release decides, by flag.
func (r Release) Builds() map[string]string {
	out := map[string]string{}
	for _, one := range r.Serving() {
		out[one.Flag] = one.Build
	}
	return out
}

// latched tells whether the release has rolled a build of a flag back there.
func (r Release) latched(flag, environment string) (builds []string, at *time.Time) {
	if r.Environment != environment {
		return nil, nil
	}
	for _, t := range r.Targets() {
		switch {
		case t.Flag != flag:
		case t.Withdrawn != nil:
			builds, at = append(builds, t.Build), &t.Withdrawn.At
		case r.State == RolledBack:
			builds, at = append(builds, t.Build), r.EndedAt
		}
	}
	return builds, at
}

// checkTargets checks the further flags that a start asks for.
func (in StartRelease) checkTargets() error {
	seen := []string{in.Flag}
	for i, t := range in.With {
		at := fmt.Sprintf("with[%d].", i)
		switch {
		case t.Flag == "" || len(t.Flag) > maxName:
			return Invalidf(at+"flag", "want the name of a flag")
		case slices.Contains(seen, t.Flag):
			return Invalidf(at+"flag", "%q is there twice", t.Flag)
		case t.Build == "" || len(t.Build) > maxName || len(t.Control) > maxName:
			return Invalidf(at+"build", "want a build of at most %d bytes, and a control of as many", maxName)
		case t.Build == t.Control:
			return Invalidf(at+"control", "is the build itself: name the one that it replaces")
		}
		seen = append(seen, t.Flag)
	}
	return nil
}

// join adds the further flags that a start asks for to its release, each where
// it may be started too.
func (w *work) join(r *Release, in StartRelease) error {
	for i, t := range in.With {
		one := in
		one.Flag, one.Build, one.Control, one.With = t.Flag, t.Build, t.Control, nil
		part, err := w.drafted(one)
		if err != nil {
			return within(fmt.Sprintf("with[%d]", i), err)
		}
		r.With = append(r.With, part.Targets()...)
		if at := part.CooldownFrom; at != nil && (r.CooldownFrom == nil || at.After(*r.CooldownFrom)) {
			r.CooldownFrom = at
		}
	}
	return nil
}

// RollbackTargets rolls back some flags of a release at once, and latches their
// builds; the others go on. Where none is left the release is rolled back. It is
// never refused to whoever may switch these flags off; repeating it is a no-op.
func (s *Service) RollbackTargets(ctx context.Context, p Principal, id string, flags []string, reason string) (ReleaseView, error) {
	var out ReleaseView
	err := s.write(ctx, p, Urgent, func(w *work) error {
		r, err := releaseOf(w, id)
		if err != nil {
			return err
		}
		if err := w.mayOn(r.Ref().scope(), "release", id, append([]Permission{PermRead}, reducing...)...); err != nil {
			return err
		}
		if err := r.withdrawable(flags); err != nil {
			return err
		}
		for _, t := range r.Targets() {
			if slices.Contains(flags, t.Flag) {
				if err := w.mayOn(Scope{t.Project, r.Environment}, "release", id, reducing...); err != nil {
					return err
				}
			}
		}
		if err := w.withdraw(&r, flags, reason); err != nil {
			return err
		}
		out, err = releaseOf(w, id)
		return err
	})
	return out, err
}

func (r *ReleaseView) withdrawable(flags []string) error {
	for i, flag := range flags {
		if !slices.ContainsFunc(r.Targets(), func(t Target) bool { return t.Flag == flag }) {
			return Invalidf(fmt.Sprintf("flags[%d]", i), "%q is no flag of release %s", flag, r.ID)
		}
	}
	if !r.Open() && !r.Watched() && r.State != RolledBack {
		return Errorf(Conflict, "release_ended", "release %s has ended (%s): switch the flags off instead", r.ID, r.State)
	}
	for i, flag := range flags {
		if r.Watched() && !r.watches(flag) {
			return Errorf(Conflict, "not_watched", "flags[%d]: %q was configured otherwise since release %s completed: switch it off instead", i, flag, r.ID)
		}
	}
	if r.State == Scheduled {
		return r.notBegun()
	}
	return nil
}

// withdraw takes flags out of a release that runs, or is watched, or ends it
// with the last of them. Where it was rolled back already, it cuts what that has
// pinned.
func (w *work) withdraw(r *ReleaseView, flags []string, reason string) error {
	gone := slices.DeleteFunc(r.Serving(), func(one Release) bool { return !slices.Contains(flags, one.Flag) })
	switch {
	case r.State == RolledBack:
		return w.cut(&r.Release)
	case !r.Open() && !r.Watched() || len(gone) == 0:
		return nil
	case len(gone) == len(r.Serving()):
		r.byHand(w, gate.Rollback, "P1_OPERATOR_KILL", reason)
		return w.advance(&r.Release, gate.Rollback, "")
	}
	if err := w.fallBack(&r.Release, gone); err != nil {
		return err
	}
	if err := w.unfollow(&r.Release); err != nil {
		return err
	}
	how := &Withdrawal{At: w.now, By: w.p.ID, Reason: reason}
	for _, one := range gone {
		if one.Flag == r.Flag {
			r.Withdrawn = how
		}
		for i := range r.With {
			if r.With[i].Flag == one.Flag {
				r.With[i].Withdrawn = how
			}
		}
		if r.Watched() {
			r.unwatch(one.Flag, w.now, reason)
		}
	}
	r.Note = reason
	if err := w.changed(&r.Release); err != nil {
		return err
	}
	return w.putRelease("release.target.rollback", r.Release, audit.Decision{})
}
