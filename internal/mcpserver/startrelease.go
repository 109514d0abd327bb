package mcpserver

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

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

	ChangeRequest *changeRequest `json:"changeRequest,omitempty"`
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
	handle := strings.Join([]string{"release", in.FeatureName, in.Environment, in.Build}, "\n")
	if p, err := s.plans.find(owner(c.principal), handle); err == nil && !in.DryRun {
		r, err := s.pending(ctx, c, handle, p.request)
		return startedRelease{Status: r.status(), Milestones: milestonesOf(plan), ChangeRequest: requestOf(c.base, r)}, err
	}
	var r control.Release
	title := "Release of " + in.Build + " behind " + in.FeatureName + " in " + in.Environment
	made, err := s.orPropose(ctx, c, in.writing, title, "", func(as control.Principal) (err error) {
		r, err = c.StartRelease(ctx, as, control.StartRelease{
			Flag: in.FeatureName, Environment: in.Environment, Build: in.Build, Plan: plan,
		})
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case made != nil:
		s.plans.ask(owner(c.principal), handle, made.ID)
		return startedRelease{Status: pendingApproval, Milestones: milestonesOf(plan), ChangeRequest: requestOf(c.base, *made)}, nil
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
	out := startedRelease{Status: status, Milestones: milestonesOf(r.Plan)}
	if status == "done" {
		out.ReleaseID, out.URL = r.ID, releaseURL(c.base, r.ID)
	}
	return out
}

func milestonesOf(plan gate.Plan) []milestone {
	out := []milestone{}
	for i, m := range plan.Milestones {
		out = append(out, milestone{m.Percent, plan.PolicyAt(i).Metadata.Name})
	}
	return out
}
