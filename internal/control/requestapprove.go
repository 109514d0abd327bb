package control

import (
	"context"
	"slices"
	"strings"
)

// ApproveRequest records that a person lets exactly what has this digest be
// applied. Only a person does so, in a session of their own, who is neither
// its author nor the one on whose behalf it was proposed. With the last
// approval that is needed the request is approved; it is applied by
// ApplyRequest.
func (s *Service) ApproveRequest(ctx context.Context, p Principal, id, digest, comment string) (RequestView, error) {
	return s.onRequest(ctx, p, id, verbQuorum, func(w *work, c *ChangeRequest) error {
		decision, err := w.seen(c, digest, comment)
		if err != nil {
			return err
		}
		same := func(a RequestApproval) bool { return a.By == decision.By }
		if i := slices.IndexFunc(c.Approvals, same); i >= 0 && w.now.Sub(c.Approvals[i].At) <= ApprovalLife {
			return nil // each counts once
		}
		c.Approvals = append(slices.DeleteFunc(c.Approvals, same), decision)
		missing, err := c.missingNow(w, w.now)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			if err := c.do(verbQuorum, w.now); err != nil {
				return err
			}
		}
		return w.putRequest(verbQuorum, *c)
	})
}

// RejectRequest ends a request by a person's word, who says why.
func (s *Service) RejectRequest(ctx context.Context, p Principal, id, digest, reason string) (RequestView, error) {
	return s.onRequest(ctx, p, id, verbReject, func(w *work, c *ChangeRequest) error {
		if strings.TrimSpace(reason) == "" {
			return Invalidf("comment", "must say why")
		}
		decision, err := w.seen(c, digest, reason)
		if err != nil {
			return err
		}
		c.Rejected = &decision
		if err := c.do(verbReject, w.now); err != nil {
			return err
		}
		return w.putRequest(verbReject, *c)
	})
}

// seen is what somebody who may says of a request as they have seen it.
func (w *work) seen(c *ChangeRequest, digest, comment string) (RequestApproval, error) {
	out := RequestApproval{By: w.p.ID, At: w.now, Digest: digest, Method: viaSession, Comment: comment}
	if err := c.approvable(w, w.p); err != nil {
		return out, err
	}
	w.perm = PermChangeApprove
	if digest != c.Digest {
		return out, Errorf(Conflict, "digest_changed", "change request %s has the digest %s by now: look at it again", c.ID, c.Digest)
	}
	if len(comment) > maxRequestText {
		return out, Invalidf("comment", "has %d bytes, and may have %d", len(comment), maxRequestText)
	}
	return out, nil
}

// ReviewRequest records that a person has looked at what was applied without its
// approvals: somebody else than who proposed it, or let it pass.
func (s *Service) ReviewRequest(ctx context.Context, p Principal, id, finding string) (RequestView, error) {
	return s.onRequest(ctx, p, id, verbReview, func(w *work, c *ChangeRequest) error {
		if strings.TrimSpace(finding) == "" || len(finding) > maxRequestText {
			return Invalidf("comment", "must say what was found, in at most %d bytes", maxRequestText)
		}
		if err := c.approvable(w, w.p); err != nil {
			return err
		}
		if w.p.ID == c.Bypass.By {
			return errApprover("own_bypass", "whoever applied a request without its approvals does not review that")
		}
		w.perm = PermChangeApprove
		c.Bypass.ReviewedBy, c.Bypass.ReviewedAt, c.Bypass.Review = w.p.ID, &w.now, finding
		if err := c.do(verbReview, w.now); err != nil {
			return err
		}
		return w.putRequest(verbReview, *c)
	})
}
