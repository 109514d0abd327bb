package mcpserver

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

type startReleaseInput struct {
	writing
	FeatureName string          `json:"featureName"`
	Environment string          `json:"environment"`
	Build       string          `json:"build"`
	Plan        string          `json:"plan"`
	PlanInline  json.RawMessage `json:"planInline"`
	ProjectID   string          `json:"projectId"`
}

type startedRelease struct {
	Status     string      `json:"status"`
	ReleaseID  string      `json:"releaseId,omitempty"`
	URL        string      `json:"url,omitempty"`
	Milestones []milestone `json:"milestones"`
}

type milestone struct {
	Percent int    `json:"percent"`
	Gate    string `json:"gate,omitempty"` // the policy that decides there
}

// startRelease starts the release of a build. One of the same build that runs
// there already, started by the same principal, was started by an earlier call.
func (s *Server) startRelease(ctx context.Context, c *call, in startReleaseInput) (any, error) {
	plan, err := in.plan()
	if err != nil {
		return nil, err
	}
	v, err := c.Flag(ctx, c.principal, in.ProjectID, in.FeatureName)
	if err != nil {
		return nil, err
	}
	if id := v.Releases[in.Environment]; id != "" {
		r, err := c.Release(ctx, c.principal, id)
		if err != nil {
			return nil, err
		}
		if r.Build == in.Build && r.StartedBy == c.principal.ID {
			return started(c, r.Release, in.status()), nil
		}
	}
	r, err := c.StartRelease(ctx, c.principal, control.StartRelease{
		Flag: in.FeatureName, Environment: in.Environment, Build: in.Build, Plan: plan,
	})
	if err != nil {
		return nil, err
	}
	return started(c, r, in.status()), nil
}

// plan is that of the release: by its name, or as it is given.
func (in startReleaseInput) plan() (gate.Plan, error) {
	field, raw := "planInline", in.PlanInline
	if in.Plan != "" {
		field, raw = "plan", strconv.AppendQuote(nil, in.Plan)
	}
	if len(raw) == 0 || in.Plan != "" && len(in.PlanInline) > 0 {
		return gate.Plan{}, control.Invalidf("plan", "must name a plan, or planInline be a ReleasePlan or a GatePolicy: one of the two")
	}
	plan, err := gate.ParsePlan(raw)
	if err != nil {
		return plan, control.InvalidPlan(field, err)
	}
	return plan, nil
}

func started(c *call, r control.Release, status string) startedRelease {
	out := startedRelease{Status: status, Milestones: []milestone{}}
	if status == "done" {
		out.ReleaseID, out.URL = r.ID, releaseURL(c.base, r.ID)
	}
	for i, m := range r.Plan.Milestones {
		out.Milestones = append(out.Milestones, milestone{m.Percent, r.Plan.PolicyAt(i).Metadata.Name})
	}
	return out
}
