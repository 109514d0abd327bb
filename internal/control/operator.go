package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
)

// reducing are the permissions that each allow to stop a release.
var reducing = []Permission{PermReleaseStop, PermToggleOff}

// RollbackRelease serves control to all at once and latches the build; a
// completed release falls back as long as it is watched. It is never refused to
// whoever may switch the flag off, whatever else is broken. Repeating it is a
// no-op, but that it cuts the conversations that a rollback had pinned.
func (s *Service) RollbackRelease(ctx context.Context, p Principal, id, reason string) (ReleaseView, error) {
	return s.operate(ctx, p, Urgent, reducing, id, func(w *work, r *ReleaseView) error {
		if r.State == RolledBack {
			return w.cut(&r.Release)
		}
		if !r.Open() && !r.Watched() {
			return Errorf(Conflict, "release_ended", "release %s has ended (%s): switch the flag off instead", r.ID, r.State)
		}
		if r.State == Scheduled {
			return w.abort(r.Release, reason)
		}
		r.byHand(w, gate.Rollback, "P1_OPERATOR_KILL", reason)
		return w.advance(&r.Release, gate.Rollback, "")
	})
}

// PauseRelease keeps serving the milestone and stops evaluating.
func (s *Service) PauseRelease(ctx context.Context, p Principal, id, reason string) (ReleaseView, error) {
	return s.operate(ctx, p, Urgent, reducing, id, func(w *work, r *ReleaseView) error {
		if !r.Open() {
			return Errorf(Conflict, "release_ended", "release %s has ended (%s)", r.ID, r.State)
		}
		if r.State == Scheduled {
			return r.notBegun()
		}
		r.State, r.Note = Paused, reason
		return w.putRelease("release.pause", r.Release, audit.Decision{})
	})
}

// ResumeRelease evaluates a paused release again. What lasted when it was
// paused begins anew: nobody looked meanwhile, so nothing timed out.
func (s *Service) ResumeRelease(ctx context.Context, p Principal, id, reason string) (ReleaseView, error) {
	return s.operate(ctx, p, Normal, []Permission{PermReleasePromote}, id, func(w *work, r *ReleaseView) error {
		if r.State != Paused {
			return Errorf(Conflict, "not_paused", "release %s is %s, not paused", r.ID, r.State)
		}
		r.State, r.Note = Running, reason
		if v := r.Verdict; v != nil && v.Decision.Verdict == gate.Hold {
			r.State = heldState(v.Reason)
		}
		r.Progress.HoldRun, r.Progress.HoldSince = "", time.Time{}
		r.Progress.MissingSince, r.Progress.IntegritySince = time.Time{}, time.Time{}
		r.Progress.RecordedAt = w.now
		return w.putRelease("release.resume", r.Release, audit.Decision{})
	})
}

// PromoteRelease serves the next milestone on a person's word. It does not
// bypass the gate: it is for a HOLD that waits (P9, P10, P12), or for a small
// breach (P8), and for no other verdict; a reason is required. It waits, as the
// gate does, for the plan's calendar and its approvals.
func (s *Service) PromoteRelease(ctx context.Context, p Principal, id, reason string) (ReleaseView, error) {
	if strings.TrimSpace(reason) == "" {
		return ReleaseView{}, Invalidf("reason", "must say why the gate's HOLD is overruled")
	}
	return s.operate(ctx, p, Normal, []Permission{PermReleasePromote}, id, func(w *work, r *ReleaseView) error {
		if p.Kind == KindAgent {
			return &Error{Kind: Denied, Code: "denied", Field: string(PermReleasePromote), Msg: "an agent does not promote past the gate"}
		}
		if err := r.promotable(); err != nil {
			return err
		}
		if err := r.mayGrow(w.now); err != nil {
			return err
		}
		r.Progress.Record(&r.Plan, w.now, gate.Decision{Verdict: gate.Promote, Reason: "OPERATOR_PROMOTE"}, r.Progress.PassedOutcomes)
		r.byHand(w, gate.Promote, "OPERATOR_PROMOTE", reason)
		return w.advance(&r.Release, gate.Promote, "")
	})
}

// promotable refuses what no single person may overrule.
func (r *ReleaseView) promotable() error {
	switch {
	case !r.Open():
		return Errorf(Conflict, "release_ended", "release %s has ended (%s)", r.ID, r.State)
	case r.State == Scheduled:
		return r.notBegun()
	case r.State == Paused:
		return Errorf(Conflict, "release_paused", "release %s is paused: resume it first", r.ID)
	case r.Verdict == nil || r.Verdict.Milestone != r.Milestone:
		return Errorf(Conflict, "no_verdict", "the gate has not yet looked at this milestone of release %s", r.ID)
	case !slices.Contains([]string{"P8", "P9", "P10", "P12"}, rule(r.Verdict.Reason)):
		return Errorf(Conflict, "gate_forbids", "the gate says %s: that is not for one person to overrule", r.Verdict.Reason)
	}
	return nil
}

func (r *ReleaseView) notBegun() error {
	return Errorf(Conflict, "not_begun", "release %s begins at %s: roll it back to call it off", r.ID, r.StartAt.Format(time.RFC3339))
}

// byHand gives the release a verdict that a person made.
func (r *ReleaseView) byHand(w *work, v gate.Verdict, reason, note string) {
	r.Note = note
	r.Verdict = &Verdict{
		ID: verdictID(r.ID, r.Rev+1), At: w.now, Milestone: r.Milestone, By: w.p.ID, Reason: reason,
		Decision: gate.Decision{Verdict: v, Reason: reason},
	}
}

// operate reads a release, lets act change it, and returns what came of it.
func (s *Service) operate(ctx context.Context, p Principal, pri Priority, perms []Permission, id string,
	act func(w *work, r *ReleaseView) error,
) (ReleaseView, error) {
	var out ReleaseView
	err := s.write(ctx, p, pri, func(w *work) error {
		r, err := releaseOf(w, id)
		if err != nil {
			return err
		}
		if err := w.mayOn(r.Ref().scope(), "release", id, perms...); err != nil {
			return err
		}
		if err := act(w, &r); err != nil {
			return err
		}
		out, err = releaseOf(w, id)
		return err
	})
	return out, err
}

// stopRelease rolls back what runs, and calls off what is scheduled, on a flag
// that is being switched off, and cuts the conversations that a rollback had
// pinned. What is watched ends with the flag's configuration.
func (w *work) stopRelease(ref Ref) error {
	if err := w.callOff(ref); err != nil {
		return err
	}
	if err := w.cutPins(ref); err != nil {
		return err
	}
	open, err := openReleases(w, ref.Environment)
	if err != nil || open[ref.Flag] == nil {
		return err
	}
	r, err := releaseOf(w, open[ref.Flag].ID)
	if err != nil {
		return err
	}
	return w.withdraw(&r, []string{ref.Flag}, "the flag was switched off")
}
