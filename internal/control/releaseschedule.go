package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
)

// Starter is who asked for a release that begins later: it begins by the rights
// that they have then, within those of the token that they used.
type Starter struct {
	Kind PrincipalKind `json:"kind"`
	ID   string        `json:"id"`
	Via  string        `json:"via"`
	Cred string        `json:"cred,omitempty"`
}

func (p Principal) starter() *Starter { return &Starter{p.Kind, p.ID, p.Via, p.Cred} }

// principal is who the starter is now. A session may have ended meanwhile, and
// counts as the person; a token that was revoked, or has expired, is refused.
func (s *Starter) principal(w *work) (Principal, error) {
	if s.Via != "session" && s.Cred != "" {
		c, err := w.s.resolve(w, s.Cred, w.now)
		if err != nil {
			return Principal{}, err
		}
		c.Origin = "engine"
		return c.Principal, nil
	}
	p, err := actor(w, s.ID)
	p.Via, p.Cred, p.Origin = s.Via, s.Cred, "engine"
	return p, err
}

// checkStart checks when the release is to begin.
func (in StartRelease) checkStart(now time.Time) error {
	if !in.StartAt.IsZero() && !in.StartAt.After(now) {
		return Invalidf("startAt", "%s is over: leave it out to start now", in.StartAt.Format(time.RFC3339))
	}
	return nil
}

// schedule keeps a release that begins later.
func (w *work) schedule(r *Release, at time.Time) error {
	at = at.UTC().Truncate(time.Millisecond)
	r.State, r.StartAt, r.Starter = Scheduled, &at, w.acting().starter()
	r.Progress, r.ChangedAt = gate.Progress{}, w.now
	return w.putRelease("release.schedule", *r, audit.Decision{})
}

// BeginRelease begins a scheduled release whose time has come, in the name of
// whoever asked for it: by the rights that they have now, and by the access
// policy. Where a calendar is closed, or another release runs on the flag, it
// stays scheduled and says why. What else is refused ends it, before it served
// anyone. The revision is rechecked, so that of two replicas one begins it.
func (s *Service) BeginRelease(ctx context.Context, p Principal, id string, rev int64) (ReleaseView, error) {
	refusal, err := s.tryBegin(ctx, p, id, rev)
	if err != nil {
		return ReleaseView{}, err
	}
	if refusal == nil {
		return s.Release(ctx, p, id)
	}
	return s.operate(ctx, p, Normal, []Permission{PermReleasePromote}, id, func(w *work, r *ReleaseView) error {
		if r.Rev != rev {
			return nil // somebody called it off, or began it
		}
		r.Note = refusal.Error()
		if slices.Contains([]string{calendarClosed, "release_running"}, refusal.Code) {
			return w.putRelease("release.schedule", r.Release, audit.Decision{})
		}
		return w.abort(r.Release, r.Note)
	})
}

// tryBegin begins the release, or returns what stands against it.
func (s *Service) tryBegin(ctx context.Context, p Principal, id string, rev int64) (refusal *Error, err error) {
	view, err := s.Release(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if err := s.checkBlocks(ctx, p, view.asked()); err != nil {
		return asRefusal(err)
	}
	err = s.write(ctx, p, Normal, func(w *work) error {
		r, err := releaseOf(w, id)
		if err != nil {
			return err
		}
		if err := w.mayOn(r.Ref().scope(), "release", id, PermReleasePromote); err != nil {
			return err
		}
		if r.Rev != rev || r.State != Scheduled {
			return Errorf(Conflict, "release_moved_on", "release %s is at revision %d, not %d", r.ID, r.Rev, rev)
		}
		if w.now.Before(*r.StartAt) {
			return Errorf(Conflict, "too_early", "release %s begins at %s", r.ID, r.StartAt.Format(time.RFC3339))
		}
		if w.p, err = r.Starter.principal(w); err != nil {
			return err
		}
		if err := w.continueRequest(r.Request); err != nil {
			return err
		}
		next, err := w.drafted(r.asked())
		if err != nil {
			return err
		}
		next.Request, next.ID, next.StartAt, next.Starter, next.StartedBy = r.Request, r.ID, r.StartAt, r.Starter, r.StartedBy
		next.Template, next.Forecast, next.Approvals = r.Template, r.Forecast, r.Approvals
		next.Stages, next.After = r.Stages, r.After
		return w.enter(&next)
	})
	return asRefusal(err)
}

// asRefusal tells what stands against a release from what failed, or was done
// by another replica meanwhile.
func asRefusal(err error) (*Error, error) {
	e, ok := err.(*Error) //nolint:errorlint // control returns its own errors unwrapped
	if !ok || e.Kind == Internal || e.Kind == Unavailable || slices.Contains([]string{"release_moved_on", "too_early"}, e.Code) {
		return nil, err
	}
	return e, nil
}

// asked is the request that a scheduled release came from.
func (r Release) asked() StartRelease {
	in := StartRelease{
		Flag: r.Flag, Environment: r.Environment, Build: r.Build, Control: r.Control, Stickiness: r.Stickiness, Plan: r.Plan,
	}
	for _, t := range r.With {
		in.With = append(in.With, StartTarget{t.Flag, t.Build, t.Control})
	}
	return in
}

// abort ends a release that has served nobody.
func (w *work) abort(r Release, why string) error {
	r.State, r.EndedAt, r.Note = Aborted, &w.now, why
	return w.putRelease("release.abort", r, audit.Decision{})
}

// callOff ends the releases that are scheduled on a flag, which is being
// switched off, or are to follow one that was of it there.
func (w *work) callOff(ref Ref) error {
	all, err := list[Release](w, KindRelease, releasesScheduled)
	for _, r := range all {
		if _, in := r.Builds()[ref.Flag]; !in {
			continue
		}
		where := r.Environment
		if where != ref.Environment && r.After != "" {
			before, err := releaseOf(w, r.After)
			if err != nil {
				return err
			}
			where = before.Environment
		}
		if where != ref.Environment {
			continue
		}
		if err := w.abort(r, "flag "+ref.Flag+" was switched off in "+where); err != nil {
			return err
		}
	}
	return err
}
