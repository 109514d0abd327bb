package control

import (
	"context"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/policy"
)

// ApplyRequest carries out an approved request: all of it or nothing, in one
// transaction, and once. Everything is looked at again there: that the digest
// is that of what is written, that nothing has moved since, that those who
// approved it still may, and what the policy says now.
func (s *Service) ApplyRequest(ctx context.Context, p Principal, id string) (RequestView, error) {
	if err := s.checkStarts(ctx, id); err != nil {
		return RequestView{}, err
	}
	return s.onRequest(ctx, p, id, verbApply, func(w *work, c *ChangeRequest) error {
		if err := w.everywhere(c, PermChangeApply); err != nil {
			return err
		}
		return w.fulfil(c, verbApply)
	})
}

// checkStarts is checkBlocks of the releases that an approved request starts, by
// what their environments are now. What there is not, is left to the transaction.
func (s *Service) checkStarts(ctx context.Context, id string) error {
	var c ChangeRequest
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		c, err = get[ChangeRequest](tx, KindChangeRequest, id)
		return present(err)
	})
	for _, o := range c.Ops {
		if err == nil && o.Start != nil && c.State.pending() {
			err = s.checkBlocks(ctx, Engine(), *o.Start)
		}
	}
	return err
}

// minBypassReason is how much the reason of a bypass must say, in bytes.
const minBypassReason = 20

// BypassRequest carries out a request without the approvals that it needs: for
// emergencies, by a person in a session with a permission of its own, a reason
// and a ticket or an incident. What increases exposure in production needs a
// break-glass account. Within ReviewWithin somebody else reviews it.
func (s *Service) BypassRequest(ctx context.Context, p Principal, id, digest, reason, reference string) (RequestView, error) {
	if err := s.checkStarts(ctx, id); err != nil {
		return RequestView{}, err
	}
	return s.onRequest(ctx, p, id, verbBypass, func(w *work, c *ChangeRequest) error {
		if err := w.mayBypass(c); err != nil {
			return err
		}
		switch {
		case len(strings.TrimSpace(reason)) < minBypassReason || len(reason) > maxRequestText:
			return Invalidf("reason", "must say why nobody can approve it, in %d to %d bytes", minBypassReason, maxRequestText)
		case strings.TrimSpace(reference) == "" || len(reference) > maxName:
			return Invalidf("reference", "must name a ticket or an incident, in at most %d bytes", maxName)
		case digest != c.Digest:
			return Errorf(Conflict, "digest_changed", "change request %s has the digest %s by now: look at it again", c.ID, c.Digest)
		}
		c.Bypass = &RequestBypass{By: w.p.ID, At: w.now, Reason: reason, Reference: reference, DueAt: w.now.Add(ReviewWithin)}
		return w.fulfil(c, verbBypass)
	})
}

// mayBypass refuses who may not.
func (w *work) mayBypass(c *ChangeRequest) error {
	if err := w.everywhere(c, PermChangeBypass); err != nil {
		return err
	}
	risky := slices.ContainsFunc(c.Ops, func(o Operation) bool {
		return o.Class == policy.Production && o.Effect != policy.Reduces && o.Effect != policy.Same
	})
	if !risky {
		return nil
	}
	a, err := get[Account](w, KindAccount, w.p.ID)
	if present(err) != nil {
		return err
	}
	if !a.BreakGlass {
		return errApprover("break_glass_only", "only a break-glass account increases exposure in production without approvals")
	}
	return nil
}

// fulfil writes what a request proposes, and that it was.
func (w *work) fulfil(c *ChangeRequest, verb requestVerb) error {
	approved := *c
	if err := c.seal(); err != nil {
		return err
	}
	if c.Digest != approved.Digest {
		return Errorf(Internal, "digest", "change request %s has the digest %s, and not %s", c.ID, c.Digest, approved.Digest)
	}
	if c.Bypass == nil {
		missing, err := c.missingNow(w, w.now)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return Errorf(Conflict, "approval_missing", "change request %s needs %s", c.ID, needed(missing))
		}
	}
	perm := w.perm
	if err := w.carrying(c); err != nil {
		return err
	}
	grows := false
	for _, o := range c.Ops {
		if err := w.carry(o); err != nil {
			return err
		}
		grows = grows || w.input.Effect != policy.Reduces && w.input.Effect != policy.Same
	}
	w.request, w.behalf, w.perm = nil, nil, perm
	if why := closed(c.Calendar, w.now); why != "" && grows {
		return Errorf(Conflict, "calendar_closed", "change request %s may not be applied now: %s", c.ID, why)
	}
	c.AppliedBy = w.p.ID
	if err := c.do(verb, w.now); err != nil {
		return err
	}
	return w.putRequest(verb, *c)
}

// carrying makes what is written next that of a request, in its author's name.
func (w *work) carrying(c *ChangeRequest) error {
	behalf, err := c.behalf(w)
	w.request, w.behalf = c, &behalf
	return err
}

// continueRequest is carrying for a release that a request has started, and that
// begins by its approvals; "" is none.
func (w *work) continueRequest(id string) error {
	if id == "" {
		return nil
	}
	c, err := get[ChangeRequest](w, KindChangeRequest, id)
	if err != nil {
		return asMissing(err, "change request", id)
	}
	return w.carrying(&c)
}

// requestID names the request that is being carried out, "" without one.
func (w *work) requestID() string {
	if w.request == nil {
		return ""
	}
	return w.request.ID
}

// carry writes one operation, to the letter.
func (w *work) carry(o Operation) error {
	if err := w.backed(o); err != nil {
		return err
	}
	if err := w.inPlace(o); err != nil {
		return err
	}
	w.perm = o.Permissions[len(o.Permissions)-1]
	if o.Start != nil {
		return w.carryStart(o)
	}
	ev := event{Type: o.Type, Kind: o.Base.Kind, Key: o.Base.Key, Project: o.Project, Env: o.Environment}
	if o.After == "" {
		return w.remove(ev)
	}
	ev.Doc = o.Doc
	if err := w.put(ev); err != nil {
		return err
	}
	r, err := w.Resource(o.Base.Kind, o.Base.Key)
	if err == nil && r.Hash != o.After {
		err = Errorf(Internal, "digest", "%s %s is written as %s, and was approved as %s", o.Base.Kind, o.Base.Key, r.Hash, o.After)
	}
	return err
}

func (w *work) carryStart(o Operation) error {
	sum, err := sumOf(o.Start)
	if err != nil {
		return err
	}
	if sum != o.After {
		return Errorf(Internal, "digest", "the release of %s is %s, and was approved as %s", o.Start.Flag, sum, o.After)
	}
	_, err = w.start(*o.Start)
	return err
}

// inPlace refuses what can be written no longer where it belongs: into an
// archived project, or beside a running release.
func (w *work) inPlace(o Operation) error {
	if o.Project != "" && o.Base.Kind != KindProject {
		pr, err := get[Project](w, KindProject, o.Project)
		if present(err) != nil {
			return err
		}
		if err != nil || pr.ArchivedAt != nil {
			return Errorf(Conflict, "project_gone", "project %q is not there any more", o.Project)
		}
	}
	refs, err := w.reach(event{Kind: o.Base.Kind, Key: o.Base.Key, Project: o.Project, Env: o.Environment})
	if err != nil || o.Base.Kind != KindFlagEnv && o.Base.Kind != KindSegment {
		return err
	}
	for _, ref := range refs {
		if err := w.noRelease(ref); err != nil {
			return err
		}
	}
	return nil
}

// sumOf is the SHA-256 of a document's canonical form.
func sumOf(doc any) (string, error) {
	b, err := audit.Canonical(doc)
	return audit.Sum(b), err
}
