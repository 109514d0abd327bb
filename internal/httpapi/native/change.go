package native

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/policy"
)

// ChangeInput proposes a change: of a configuration, or a release.
type ChangeInput struct {
	Title         string                 `json:"title" doc:"what changes, on one line"`
	Body          string                 `json:"body,omitempty" doc:"why; bound by the digest"`
	Configuration *control.Configuration `json:"configuration,omitempty" doc:"what is to hold, as in /configuration/apply"`
	Release       *ReleaseInput          `json:"release,omitempty" doc:"the release to start, in place of a configuration"`
	Draft         bool                   `json:"draft,omitempty" doc:"not yet in review"`
	Calendar      *gate.Calendar         `json:"calendar,omitempty" doc:"when exposure may grow by it; always where absent"`
	ExpiresAt     *time.Time             `json:"expiresAt,omitempty" doc:"7 days from now where absent, at most 90"`
}

// ChangeRequest is changes that are proposed, with those who approved them.
type ChangeRequest struct {
	ID        string                    `json:"id"`
	Revision  int                       `json:"revision" doc:"of what is proposed: an edit or a rebase is the next, and leaves no approval"`
	State     control.RequestState      `json:"state" enum:"draft,in_review,approved,scheduled,suspended,stale,frozen,applied,post_review_due,post_reviewed,rejected,withdrawn,expired"`
	Title     string                    `json:"title"`
	Body      string                    `json:"body,omitempty"`
	Authors   []control.Author          `json:"authors" doc:"who answers for it, and who else had a hand in it; none of their people approves"`
	Blast     Blast                     `json:"blast" doc:"what it reaches"`
	Ops       []ChangeOp                `json:"ops" doc:"what changes, computed from the documents"`
	Base      []control.Base            `json:"base" doc:"the revisions that it was made against"`
	Digest    string                    `json:"digest" doc:"of exactly what is applied; what is approved"`
	Policy    string                    `json:"policy,omitempty" doc:"digest of the access policy that it was proposed under"`
	Required  []control.ApprovalsNeeded `json:"required"`
	Missing   []control.ApprovalsNeeded `json:"missing" doc:"of those, what it still needs"`
	Approvals []control.RequestApproval `json:"approvals"`
	Eligible  Eligible                  `json:"eligible" doc:"whether whoever asks may approve it"`
	Rejected  *control.RequestApproval  `json:"rejected,omitempty"`
	Comments  []control.RequestComment  `json:"comments"`
	Calendar  *gate.Calendar            `json:"calendar,omitempty"`
	Schedule  *control.RequestSchedule  `json:"schedule,omitempty"`
	Bypass    *control.RequestBypass    `json:"bypass,omitempty"`
	Note      string                    `json:"note,omitempty" doc:"why it is stale, frozen or suspended"`
	CreatedAt time.Time                 `json:"createdAt"`
	ExpiresAt time.Time                 `json:"expiresAt"`
	EndedAt   *time.Time                `json:"endedAt,omitempty"`
	AppliedBy string                    `json:"appliedBy,omitempty"`
}

// ChangeOp is one operation of a request.
type ChangeOp struct {
	Type        string               `json:"type" doc:"of the record that it leaves"`
	Kind        control.ResourceKind `json:"kind"`
	Key         string               `json:"key"`
	Project     string               `json:"project,omitempty"`
	Environment string               `json:"environment,omitempty"`
	Effect      policy.Effect        `json:"effect" enum:"reduces,same,increases" doc:"on exposure"`
	Class       string               `json:"class,omitempty" doc:"prod or nonprod, where it counts"`
	After       string               `json:"after,omitempty" doc:"SHA-256 of what is written; absent where it is removed"`
	Differences []control.Difference `json:"differences"`
}

// Blast is what a request reaches.
type Blast struct {
	Effect       policy.Effect `json:"effect" enum:"reduces,same,increases" doc:"on exposure, at its worst"`
	Production   bool          `json:"production"`
	Projects     []string      `json:"projects"`
	Environments []string      `json:"environments"`
}

// Eligible says whether somebody may approve.
type Eligible struct {
	May  bool   `json:"may"`
	Code string `json:"code,omitempty" doc:"why not: people_only, own_request, denied"`
	Why  string `json:"why,omitempty"`
}

// ChangeList is a page of change requests, the newest first.
type ChangeList struct {
	Changes []ChangeRequest `json:"changes"`
	Next
}

// ChangeID is the path of one request. It is exported for huma, which sets it
// through reflection.
type ChangeID struct {
	ID string `path:"id"`
}

func (p ChangeID) entity() control.Entity {
	return control.Entity{Kind: control.KindChangeRequest, Key: p.ID}
}

// ChangeDecision is what somebody decides of a request, as they have seen it.
type ChangeDecision struct {
	Digest    string `json:"digest" doc:"of the request as it was looked at"`
	Comment   string `json:"comment,omitempty"`
	Reference string `json:"reference,omitempty" doc:"of a bypass: a ticket or an incident"`
}

// ChangeMoment is when a request is to be applied.
type ChangeMoment struct {
	At time.Time `json:"at"`
}

type changeQuery struct {
	Page
	Open bool `query:"open" doc:"only those that may still come to be applied, or await their review"`
}

type changeEdit struct {
	ChangeID
	Body ChangeInput
}

type changeStep struct {
	ChangeID
	Body *Reason
}

type changeDecision struct {
	ChangeID
	Body ChangeDecision
}

type changeMoment struct {
	ChangeID
	Body ChangeMoment
}

// changePages go by the ids, which begin with the time.
var changePages = pager[control.RequestView]{
	list: "changes", key: func(c control.RequestView) string { return c.ID }, backwards: true,
}

func (a api) changes(h huma.API) {
	route(a, h, get("/changes", "listChanges", "List change requests"),
		func(ctx context.Context, p control.Principal, in *changeQuery) (ChangeList, error) {
			all, err := a.Service.Requests(ctx, p, in.Open)
			if err != nil {
				return ChangeList{}, err
			}
			out := ChangeList{Changes: []ChangeRequest{}}
			part, next, err := changePages.cut(in.Page, all)
			out.Next = next
			for _, c := range part {
				out.Changes = append(out.Changes, changeOf(c))
			}
			return out, err
		})
	propose := create("/changes", "proposeChange", "Propose a change, for somebody else to approve")
	propose.MaxBodyBytes = maxConfiguration
	route(a, h, propose, func(ctx context.Context, p control.Principal, in *body[ChangeInput]) (ChangeRequest, error) {
		return a.propose(ctx, a.Service, p, in.Body, "")
	})
	show(a, h, get("/changes/{id}", "getChange", "Get a change request"),
		func(ctx context.Context, p control.Principal, in *ChangeID) (ChangeRequest, error) {
			c, err := a.Service.Request(ctx, p, in.ID)
			return changeOf(c), err
		})
	edit := put("/changes/{id}", "editChange", "Propose something else in its place, which nobody has approved")
	edit.MaxBodyBytes = maxConfiguration
	write(a, h, edit, func(ctx context.Context, s *control.Service, p control.Principal, in *changeEdit) (ChangeRequest, error) {
		return a.propose(ctx, s, p, in.Body, in.ID)
	})
	a.changeSteps(h)
	a.changeDecisions(h)
}

// changeSteps are what is done to a request with at most a note.
func (a api) changeSteps(h huma.API) {
	for _, o := range []struct {
		verb, summary string
		do            func(s *control.Service, ctx context.Context, p control.Principal, id, note string) (control.RequestView, error)
	}{
		{"submit", "Put a draft into review", (*control.Service).SubmitRequest},
		{"withdraw", "End a request that was not applied", (*control.Service).WithdrawRequest},
		{"cancel", "Take its schedule from a request", (*control.Service).CancelRequest},
		{"thaw", "Take up a request that was frozen with its author", (*control.Service).ThawRequest},
		{"comment", "Say something of a request", (*control.Service).CommentRequest},
		{"review", "Say what was found of a request that was applied without its approvals", (*control.Service).ReviewRequest},
		{"rebase", "Make a stale request one against the state of now", func(s *control.Service, ctx context.Context, p control.Principal, id, _ string) (control.RequestView, error) {
			return s.RebaseRequest(ctx, p, id)
		}},
		{"apply", "Carry out an approved request, in one transaction and once", func(s *control.Service, ctx context.Context, p control.Principal, id, _ string) (control.RequestView, error) {
			return s.ApplyRequest(ctx, p, id)
		}},
	} {
		write(a, h, post("/changes/{id}/"+o.verb, o.verb+"Change", o.summary),
			func(ctx context.Context, s *control.Service, p control.Principal, in *changeStep) (ChangeRequest, error) {
				var why Reason
				if in.Body != nil {
					why = *in.Body
				}
				c, err := o.do(s, ctx, p, in.ID, why.Reason)
				return changeOf(c), err
			})
	}
	write(a, h, post("/changes/{id}/schedule", "scheduleChange", "Have an approved request applied at a moment"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *changeMoment) (ChangeRequest, error) {
			c, err := s.ScheduleRequest(ctx, p, in.ID, in.Body.At)
			return changeOf(c), err
		})
}

// changeDecisions are what people decide of a digest.
func (a api) changeDecisions(h huma.API) {
	for _, o := range []struct {
		verb, summary string
		do            func(s *control.Service, ctx context.Context, p control.Principal, id string, in ChangeDecision) (control.RequestView, error)
	}{
		{"approve", "Let exactly this be applied: a person who is signed in, and not its author", func(s *control.Service, ctx context.Context, p control.Principal, id string, in ChangeDecision) (control.RequestView, error) {
			return s.ApproveRequest(ctx, p, id, in.Digest, in.Comment)
		}},
		{"reject", "End a request, and say why, as a person who is signed in", func(s *control.Service, ctx context.Context, p control.Principal, id string, in ChangeDecision) (control.RequestView, error) {
			return s.RejectRequest(ctx, p, id, in.Digest, in.Comment)
		}},
		{"bypass", "Carry out a request without its approvals, in an emergency; it is reviewed afterwards", func(s *control.Service, ctx context.Context, p control.Principal, id string, in ChangeDecision) (control.RequestView, error) {
			return s.BypassRequest(ctx, p, id, in.Digest, in.Comment, in.Reference)
		}},
	} {
		write(a, h, post("/changes/{id}/"+o.verb, o.verb+"Change", o.summary),
			func(ctx context.Context, s *control.Service, p control.Principal, in *changeDecision) (ChangeRequest, error) {
				c, err := o.do(s, ctx, p, in.ID, in.Body)
				return changeOf(c), err
			})
	}
}

// propose makes a request of what is asked for, or gives it to an older one.
func (a api) propose(ctx context.Context, s *control.Service, p control.Principal, in ChangeInput, request string) (ChangeRequest, error) {
	p.Proposal = &control.Proposal{Title: in.Title, Body: in.Body, Draft: in.Draft, Calendar: in.Calendar, Request: request}
	if in.ExpiresAt != nil {
		p.Proposal.ExpiresAt = *in.ExpiresAt
	}
	var err error
	switch {
	case (in.Configuration == nil) == (in.Release == nil):
		return ChangeRequest{}, control.Invalidf("configuration", "want this or a release, and one of them")
	case in.Release != nil:
		var start control.StartRelease
		if start, err = in.Release.start(); err != nil {
			return ChangeRequest{}, err
		}
		_, err = s.StartRelease(ctx, p, start)
	default:
		_, err = s.ApplyConfiguration(ctx, p, *in.Configuration, "")
	}
	made, ok := errors.AsType[*control.Error](err)
	if !ok || made.Kind != control.Proposed {
		return ChangeRequest{}, err
	}
	p.Proposal = nil
	c, err := s.Request(ctx, p, made.Field)
	return changeOf(c), err
}

// changeOf is how a request is shown.
func changeOf(c control.RequestView) ChangeRequest {
	out := ChangeRequest{
		ID: c.ID, Revision: c.Revision, State: c.State, Title: c.Title, Body: c.Body, Authors: c.Authors,
		Blast: Blast{Effect: policy.Same, Projects: []string{}, Environments: []string{}}, Ops: []ChangeOp{}, Base: c.Bases(),
		Digest: c.Digest, Policy: c.Policy, Required: c.Required, Missing: append([]control.ApprovalsNeeded{}, c.Missing...),
		Approvals: append([]control.RequestApproval{}, c.Approvals...), Eligible: Eligible{May: c.Refusal == nil},
		Rejected: c.Rejected, Comments: append([]control.RequestComment{}, c.Comments...), Calendar: c.Calendar, Schedule: c.Schedule,
		Bypass: c.Bypass, Note: c.Note, CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt, EndedAt: c.EndedAt, AppliedBy: c.AppliedBy,
	}
	if c.Refusal != nil {
		out.Eligible.Code, out.Eligible.Why = c.Refusal.Code, c.Refusal.Msg
	}
	for i, o := range c.Ops {
		out.Ops = append(out.Ops, ChangeOp{
			Type: o.Type, Kind: o.Base.Kind, Key: o.Base.Key, Project: o.Project, Environment: o.Environment, Effect: o.Effect,
			Class: o.Class, After: o.After, Differences: c.Changes[i].Differences,
		})
		out.Blast.add(o)
	}
	return out
}

func (b *Blast) add(o control.Operation) {
	if o.Effect == policy.Increases || b.Effect == policy.Same {
		b.Effect = o.Effect
	}
	b.Production = b.Production || o.Class == policy.Production
	if o.Project != "" && !slices.Contains(b.Projects, o.Project) {
		b.Projects = append(b.Projects, o.Project)
	}
	if o.Environment != "" && !slices.Contains(b.Environments, o.Environment) {
		b.Environments = append(b.Environments, o.Environment)
	}
}
