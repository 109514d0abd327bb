package mcpserver

import (
	"context"

	"github.com/lockflight/lockflight/internal/control"
)

type applyChangeInput struct {
	writing
	PlanDigest string `json:"planDigest"`
	IfRevision *int64 `json:"ifRevision"`
	Reason     string `json:"reason"`
}

type appliedChange struct {
	Status   string   `json:"status"`
	Applied  []string `json:"applied,omitempty"`
	Revision int64    `json:"revision,omitempty"`
}

// applyChange applies what was planned under a digest, all of it or nothing, and
// only over the state that it was planned on.
func (s *Server) applyChange(ctx context.Context, c *call, in applyChangeInput) (any, error) {
	p, err := s.plans.find(owner(c.principal), in.PlanDigest)
	if err != nil {
		return nil, err
	}
	if p.applied != nil {
		return *p.applied, nil
	}
	if in.IfRevision != nil && p.revision != 0 && *in.IfRevision != p.revision {
		return nil, control.Errorf(control.Conflict, "plan_stale", "the plan is over revision %d of %s, not %d", p.revision, p.flags[0], *in.IfRevision)
	}
	set, err := c.ApplyConfiguration(ctx, c.principal, p.configuration, in.PlanDigest)
	if err != nil {
		return nil, err
	}
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
	s.plans.applied(owner(c.principal), in.PlanDigest, out)
	return out, nil
}
