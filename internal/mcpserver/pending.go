package mcpserver

import (
	"context"
	"errors"
	"net/url"

	"github.com/lockflight/lockflight/internal/control"
)

// Proposals make change requests of what a caller may not do alone. Only people
// approve them, and not here.
type Proposals interface {
	// Propose has write carried out as a proposal: it changes nothing, and a change
	// request is made of what it would have changed. title is one line.
	Propose(ctx context.Context, p control.Principal, title, why string, write func(control.Principal) error) (Proposed, error)
	// Proposed reads a change request.
	Proposed(ctx context.Context, p control.Principal, id string) (Proposed, error)
}

// Proposed is a change request, as far as whoever proposed it has to know.
type Proposed struct {
	ID      string
	Needs   []string // what it waits for, in words
	Applied bool
	// Ended is why nothing can become of it any more, where that is so: rejected,
	// withdrawn, expired.
	Ended string
}

// changeRequest tells a model of one.
type changeRequest struct {
	ID    string   `json:"id"`
	URL   string   `json:"url"`
	CLI   string   `json:"cli"`
	Needs []string `json:"needs,omitempty"`
}

const pendingApproval = "pending_approval"

func requestOf(base string, r Proposed) *changeRequest {
	return &changeRequest{ID: r.ID, URL: base + "/approvals/" + url.PathEscape(r.ID), CLI: "lockflight approve " + r.ID, Needs: r.Needs}
}

// wantsApproval reports whether a write was refused because a person has to
// approve it, and can be asked to.
func (s *Server) wantsApproval(err error) bool {
	e, ok := errors.AsType[*control.Error](err)
	return ok && e.Code == "approval_required" && s.Proposals != nil
}

// orPropose carries a write out and, where it takes a person's approval, has it
// made a change request. No request is returned where the write was carried out.
func (s *Server) orPropose(ctx context.Context, c *call, how writing, title, why string, write func(control.Principal) error) (*Proposed, error) {
	err := write(c.principal)
	if how.DryRun || !s.wantsApproval(err) {
		return nil, err
	}
	made, err := s.Proposals.Propose(ctx, c.principal, short(title), short(why), write)
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// pending says how a change request stands that an earlier call has made. One of
// which nothing became is an error, and remembered no longer.
func (s *Server) pending(ctx context.Context, c *call, digest, id string) (Proposed, error) {
	r, err := s.Proposals.Proposed(ctx, c.principal, id)
	if err == nil && r.Ended != "" {
		s.plans.forget(owner(c.principal), digest)
		err = control.Errorf(control.Conflict, "request_ended", "change request %s is %s: nothing was changed", id, r.Ended)
	}
	return r, err
}

func (r Proposed) status() string {
	if r.Applied {
		return "done"
	}
	return pendingApproval
}
