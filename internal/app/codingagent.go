package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lockflight/lockflight/internal/codescan/risk"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/mcpserver"
)

// proposals make change requests of what coding agents may not do by themselves.
// It is an mcpserver.Proposals.
type proposals struct{ service *control.Service }

// Propose carries write out as a proposal.
func (s proposals) Propose(ctx context.Context, p control.Principal, title, why string, write func(control.Principal) error) (mcpserver.Proposed, error) {
	p.Proposal = &control.Proposal{Title: title, Body: why}
	err := write(p)
	e, ok := errors.AsType[*control.Error](err)
	switch {
	case err == nil:
		return mcpserver.Proposed{}, errors.New("a proposal was carried out")
	case !ok || e.Kind != control.Proposed:
		return mcpserver.Proposed{}, err
	}
	return s.Proposed(ctx, p, e.Field)
}

// Proposed reads a change request.
func (s proposals) Proposed(ctx context.Context, p control.Principal, id string) (mcpserver.Proposed, error) {
	r, err := s.service.Request(ctx, p, id)
	if err != nil {
		return mcpserver.Proposed{}, err
	}
	out := mcpserver.Proposed{ID: r.ID}
	for _, m := range r.Missing {
		need := fmt.Sprintf("%d more approvals", m.Approvals)
		if m.From != "" {
			need += " from " + m.From
		}
		if m.Environment != "" {
			need += " in " + m.Environment
		}
		out.Needs = append(out.Needs, need)
	}
	switch {
	case slices.Contains([]control.RequestState{control.RequestApplied, control.RequestReviewDue, control.RequestReviewed}, r.State):
		out.Applied = true
	case slices.Contains([]control.RequestState{control.RequestRejected, control.RequestWithdrawn, control.RequestExpired}, r.State):
		out.Ended = string(r.State)
	}
	return out, nil
}

// evaluate scores a change by its diff alone. It is an mcpserver.Evaluator.
func evaluate(_ context.Context, diff string) (mcpserver.Evaluation, error) {
	r, err := risk.Evaluate(risk.Request{Diff: diff})
	if err != nil {
		return mcpserver.Evaluation{}, control.Invalidf("diff", "%v", err)
	}
	out := mcpserver.Evaluation{
		Score: r.Score, Band: string(r.Band), Recommendation: string(r.Action), FlagType: string(r.FlagType), SuggestedName: r.SuggestedName, GuardedBy: r.GuardedBy,
	}
	for _, c := range r.Contributions {
		out.Reasons = append(out.Reasons, mcpserver.Reason{Points: c.Points, ID: c.ID, Path: c.Path, Line: c.Line, Why: c.Why})
	}
	if r.Plan != nil {
		if out.Plan, err = json.Marshal(r.Plan); err != nil {
			return mcpserver.Evaluation{}, err
		}
	}
	return out, nil
}
