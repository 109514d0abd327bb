package control

import (
	"context"
	"slices"
	"strings"
	"time"
)

// openRequest reads a request as it is by now, without writing that down.
func (w *work) openRequest(id string) (ChangeRequest, error) {
	c, err := get[ChangeRequest](w, KindChangeRequest, id)
	if err != nil {
		return c, asMissing(err, "change request", id)
	}
	if err := c.visible(w.p); err != nil {
		return c, err
	}
	_, err = c.settle(w, w.now)
	return c, err
}

// visible refuses who may not read in each of its projects.
func (c *ChangeRequest) visible(p Principal) error {
	for _, at := range c.places() {
		if err := p.sees(Scope{Project: at.Project}, "change request", c.ID); err != nil {
			return err
		}
	}
	return nil
}

// putRequest writes a request with its record, which names the project and the
// environment where there is but one.
func (w *work) putRequest(verb requestVerb, c ChangeRequest) error {
	ev := event{Type: "cr." + string(verb), Kind: KindChangeRequest, Key: c.ID, Doc: c}
	if at := c.places(); len(at) == 1 {
		ev.Project, ev.Env = at[0].Project, at[0].Environment
	}
	before := w.request
	w.request = &c // for the record
	defer func() { w.request = before }()
	return w.put(ev)
}

// onRequest reads a request, settles it, and does something with it that verb
// names. What has become of the request by itself is kept, also where that is
// why the verb is refused.
func (s *Service) onRequest(ctx context.Context, p Principal, id string, verb requestVerb, act func(w *work, c *ChangeRequest) error) (RequestView, error) {
	var out RequestView
	var refusal error
	err := s.write(ctx, p, Normal, func(w *work) error {
		c, err := get[ChangeRequest](w, KindChangeRequest, id)
		if err != nil {
			return asMissing(err, "change request", id)
		}
		if err := c.visible(w.p); err != nil {
			return err
		}
		if slices.Contains(decisions, verb) { // first, so that a token that tries leaves a record whatever the state
			if err := w.p.interactive(); err != nil {
				return err
			}
		}
		settled, err := c.settle(w, w.now)
		if err != nil {
			return err
		}
		if settled != "" {
			w.perm = PermRead
			if err := w.putRequest(settled, c); err != nil {
				return err
			}
		}
		if _, ok := c.State.after(verb); !ok && verb != "" {
			next := c
			if refusal = next.do(verb, w.now); c.Note != "" {
				refusal = Errorf(Conflict, "not_now", "%s: %s", refusal, c.Note)
			}
			return nil
		}
		if err := act(w, &c); err != nil {
			return err
		}
		out, err = c.view(w, w.p, w.now)
		return err
	})
	if err == nil {
		err = refusal
	}
	return out, err
}

// everywhere checks a permission in each place of a request.
func (w *work) everywhere(c *ChangeRequest, perm Permission) error {
	for _, at := range c.places() {
		if err := w.may(at, perm); err != nil {
			return err
		}
	}
	return nil
}

// own lets the people behind a request pass, and who may do perm everywhere in
// it.
func (w *work) own(c *ChangeRequest, perm Permission) error {
	for _, a := range c.Authors {
		if slices.Contains(a.people(), w.p.ID) {
			w.perm = PermChangePropose
			return nil
		}
	}
	return w.everywhere(c, perm)
}

// step takes a request through one verb of its author's, or of who may apply it.
func (s *Service) step(ctx context.Context, p Principal, id string, verb requestVerb, note string) (RequestView, error) {
	return s.onRequest(ctx, p, id, verb, func(w *work, c *ChangeRequest) error {
		if err := w.own(c, PermChangeApply); err != nil {
			return err
		}
		if err := c.do(verb, w.now); err != nil {
			return err
		}
		c.Note = note
		return w.putRequest(verb, *c)
	})
}

// SubmitRequest puts a draft into review.
func (s *Service) SubmitRequest(ctx context.Context, p Principal, id, note string) (RequestView, error) {
	return s.step(ctx, p, id, verbSubmit, note)
}

// WithdrawRequest ends a request that was not applied.
func (s *Service) WithdrawRequest(ctx context.Context, p Principal, id, note string) (RequestView, error) {
	return s.step(ctx, p, id, verbWithdraw, note)
}

// CancelRequest takes the schedule from a request, which stays approved.
func (s *Service) CancelRequest(ctx context.Context, p Principal, id, note string) (RequestView, error) {
	return s.step(ctx, p, id, verbCancel, note)
}

// ThawRequest puts a request back into review that was frozen with its author:
// a person takes it up, and does not approve it.
func (s *Service) ThawRequest(ctx context.Context, p Principal, id, note string) (RequestView, error) {
	return s.onRequest(ctx, p, id, verbThaw, func(w *work, c *ChangeRequest) error {
		if w.p.Kind != KindHuman {
			return errApprover("people_only", "only a person takes up what was frozen")
		}
		if err := w.everywhere(c, PermChangeApply); err != nil {
			return err
		}
		author, err := w.author()
		if err != nil {
			return err
		}
		c.answeredBy(author)
		if err := c.do(verbThaw, w.now); err != nil {
			return err
		}
		return w.putRevision(verbThaw, c)
	})
}

// ScheduleRequest has an approved request applied at a moment, within its
// calendar and before it expires.
func (s *Service) ScheduleRequest(ctx context.Context, p Principal, id string, at time.Time) (RequestView, error) {
	return s.onRequest(ctx, p, id, verbSchedule, func(w *work, c *ChangeRequest) error {
		if err := w.everywhere(c, PermChangeApply); err != nil {
			return err
		}
		at = at.UTC().Truncate(time.Millisecond)
		if !at.After(w.now) || !at.Before(c.ExpiresAt) {
			return Invalidf("at", "must be in the future, and before the request expires at %s", c.ExpiresAt.Format(time.RFC3339))
		}
		if why := closed(c.Calendar, at); why != "" && c.increases() {
			return Errorf(Conflict, "calendar_closed", "it may not be applied then: %s", why)
		}
		if err := c.do(verbSchedule, w.now); err != nil {
			return err
		}
		c.Schedule = &RequestSchedule{At: at, By: w.p.ID}
		return w.putRequest(verbSchedule, *c)
	})
}

// CommentRequest says something of a request, to whoever may read it.
func (s *Service) CommentRequest(ctx context.Context, p Principal, id, comment string) (RequestView, error) {
	return s.onRequest(ctx, p, id, "", func(w *work, c *ChangeRequest) error {
		if strings.TrimSpace(comment) == "" || len(comment) > maxRequestText {
			return Invalidf("comment", "must have 1 to %d bytes", maxRequestText)
		}
		if len(c.Comments) >= maxRequestComments {
			return Errorf(Conflict, "too_many", "change request %s has %d comments already", id, maxRequestComments)
		}
		w.perm = PermRead
		c.Comments = append(c.Comments, RequestComment{By: w.p.ID, At: w.now, Text: comment})
		return w.putRequest("comment", *c)
	})
}
