package mcpserver

import (
	"context"
	"fmt"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

type releaseInput struct {
	ReleaseID   string `json:"releaseId"`
	FeatureName string `json:"featureName"`
	Environment string `json:"environment"`
	ProjectID   string `json:"projectId"`
}

type releases struct {
	Releases []release `json:"releases"`
}

type release struct {
	ID          string               `json:"id"`
	FeatureName string               `json:"featureName"`
	Environment string               `json:"environment"`
	Build       string               `json:"build"`
	State       control.ReleaseState `json:"state"`
	Milestone   position             `json:"milestone"`
	Verdict     *verdictLine         `json:"verdict,omitempty"`
	WaitingFor  []string             `json:"waitingFor,omitempty"`
	NextCheck   string               `json:"nextCheck,omitempty"`
}

type position struct {
	Index   int `json:"index"`
	Percent int `json:"percent"`
}

type verdictLine struct {
	ID      string `json:"id"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	At      string `json:"at"`
}

// maxReleases is how many are listed, the newest first.
const maxReleases = 20

// getRelease reads one release, or those of a flag.
func (s *Server) getRelease(ctx context.Context, c *call, in releaseInput) (any, error) {
	out := releases{Releases: []release{}}
	if in.ReleaseID != "" {
		r, err := c.Release(ctx, c.principal, in.ReleaseID)
		if err == nil {
			out.Releases = append(out.Releases, s.releaseOf(r))
		}
		return out, err
	}
	if in.FeatureName == "" {
		return nil, control.Invalidf("releaseId", "or featureName must say which release")
	}
	all, err := c.Releases(ctx, c.principal, false)
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0 && len(out.Releases) < maxReleases; i-- {
		r := all[i]
		if r.Flag == in.FeatureName && (in.Environment == "" || r.Environment == in.Environment) && (in.ProjectID == "" || r.Project == in.ProjectID) {
			out.Releases = append(out.Releases, s.releaseOf(r))
		}
	}
	return out, nil
}

func (s *Server) releaseOf(r control.ReleaseView) release {
	out := release{
		ID: r.ID, FeatureName: r.Flag, Environment: r.Environment, Build: r.Build, State: r.State,
		Milestone: position{r.Milestone, r.Percent()},
	}
	if v := r.Verdict; v != nil {
		out.Verdict = &verdictLine{v.ID, v.Decision.Verdict.String(), v.Reason, v.At.UTC().Format(time.RFC3339)}
		out.WaitingFor = v.Decision.Needs
	}
	if !r.Open() {
		out.WaitingFor = nil
		return out
	}
	if e, ok := s.Live.Latest(r.ID); ok {
		out.WaitingFor = e.Decision.Needs
		if next := e.Decision.NextAfter(); next > 0 {
			out.NextCheck = e.At.Add(next).UTC().Format(time.RFC3339)
		}
	}
	if n := r.AwaitsApprovals(); n > 0 {
		out.WaitingFor = append(out.WaitingFor, fmt.Sprintf("%d more people to approve the next milestone", n))
	}
	if why := r.Closed(s.Now()); why != "" {
		out.WaitingFor = append(out.WaitingFor, why)
	}
	return out
}
