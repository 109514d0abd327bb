package mcpserver

import (
	"context"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

type applyChangeInput struct {
	writing
	PlanDigest string `json:"planDigest"`
	IfRevision *int64 `json:"ifRevision"`
	Reason     string `json:"reason"`
}

type appliedChange struct {
	Status        string         `json:"status"`
	Applied       []string       `json:"applied,omitempty"`
	Revision      int64          `json:"revision,omitempty"`
	ChangeRequest *changeRequest `json:"changeRequest,omitempty"`
}

// applyChange applies what was planned under a digest, all of it or nothing, and
// only over the state that it was planned on. Where that takes a person's approval
// it is proposed, once: a repeated call says how the request stands.
func (s *Server) applyChange(ctx context.Context, c *call, in applyChangeInput) (any, error) {
	p, err := s.plans.find(owner(c.principal), in.PlanDigest)
	switch {
	case err != nil:
		return nil, err
	case p.applied != nil:
		return *p.applied, nil
	case p.request != "":
		r, err := s.pending(ctx, c, in.PlanDigest, p.request)
		return appliedChange{Status: r.status(), ChangeRequest: requestOf(c.base, r)}, err
	case in.IfRevision != nil && p.revision != 0 && *in.IfRevision != p.revision:
		return nil, control.Errorf(control.Conflict, "plan_stale", "the plan is over revision %d of %s, not %d", p.revision, p.flags[0], *in.IfRevision)
	}
	var set control.ChangeSet
	title := "Change of " + strings.Join(p.flags, ", ")
	made, err := s.orPropose(ctx, c, in.writing, title, in.Reason, func(as control.Principal) (err error) {
		set, err = c.ApplyConfiguration(ctx, as, p.configuration, in.PlanDigest)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case made != nil:
		s.plans.ask(owner(c.principal), in.PlanDigest, made.ID)
		return appliedChange{Status: pendingApproval, ChangeRequest: requestOf(c.base, *made)}, nil
	}
	return s.applied(ctx, c, in, p, set)
}

// applied is the answer of a plan that was applied, or would have been.
func (s *Server) applied(ctx context.Context, c *call, in applyChangeInput, p plan, set control.ChangeSet) (any, error) {
	out := appliedChange{Status: in.status()}
	for _, d := range differences(set) {
		out.Applied = append(out.Applied, d.Path)
	}
	if in.DryRun {
		return out, nil
	}
	if len(p.flags) == 1 {
		d, err := c.FlagDraft(ctx, c.principal, "", p.flags[0])
		if err != nil {
			return nil, err
		}
		out.Revision = d.Revision
	}
	s.plans.note(owner(c.principal), in.PlanDigest, func(p *plan) { p.applied = &out })
	return out, nil
}
