package control

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/policy"
)

// KindChangeRequest is the resource of a ChangeRequest.
const KindChangeRequest ResourceKind = "change_request"

// How long things last.
const (
	RequestLife    = 7 * 24 * time.Hour // of a request, where its author says nothing
	maxRequestLife = 90 * 24 * time.Hour
	ApprovalLife   = 72 * time.Hour // after which an approval no longer counts
	ReviewWithin   = 72 * time.Hour // of a request that was applied without its approvals
)

// The limits of a change request.
const (
	maxRequestBytes    = 1 << 20
	maxRequestComments = 200
	maxRequestText     = 10_000 // bytes of a body or a comment
)

// ChangeRequest is changes that are proposed together, as the very documents
// that will be written, with those who approved them.
type ChangeRequest struct {
	ID       string       `json:"id"`       // cr-, and 18 characters that sort by time
	Revision int          `json:"revision"` // of what is proposed, from 1: an edit or a rebase is the next
	State    RequestState `json:"state"`
	Title    string       `json:"title"`
	Body     string       `json:"body,omitempty"`

	Authors   []Author          `json:"authors"` // who answers for it, and who else had a hand in it
	Ops       []Operation       `json:"ops"`     // in the order in which they are carried out
	Reads     []Base            `json:"reads,omitempty"`
	Required  []ApprovalsNeeded `json:"required"`
	Calendar  *gate.Calendar    `json:"calendar,omitempty"` // when exposure may grow by it; always where nil
	Policy    string            `json:"policy,omitempty"`   // digest of the access policy that it was proposed under
	Digest    string            `json:"digest"`             // of all above but the state; what is approved
	Approvals []RequestApproval `json:"approvals,omitempty"`
	Rejected  *RequestApproval  `json:"rejected,omitempty"`
	Comments  []RequestComment  `json:"comments,omitempty"`
	Schedule  *RequestSchedule  `json:"schedule,omitempty"`
	Bypass    *RequestBypass    `json:"bypass,omitempty"`
	Note      string            `json:"note,omitempty"` // why it is stale, frozen or suspended

	CreatedAt time.Time  `json:"createdAt"`
	ExpiresAt time.Time  `json:"expiresAt"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	AppliedBy string     `json:"appliedBy,omitempty"`
}

// Author is who proposed or edited a request. None of its people approves it.
type Author struct {
	Kind       PrincipalKind `json:"kind"`
	ID         string        `json:"id"`
	OnBehalfOf string        `json:"onBehalfOf,omitempty"`
	// Answers are the people behind a token, a machine, or an agent that acts
	// for nobody in particular: its owner, and who made it.
	Answers []string `json:"answers,omitempty"`
}

// people are the accounts that stand behind an author.
func (a Author) people() []string {
	out := append([]string{a.ID}, a.Answers...)
	if a.OnBehalfOf != "" {
		out = append(out, a.OnBehalfOf)
	}
	return out
}

// Base is the revision of a resource that a request was made against; Rev is 0
// where there was none.
type Base struct {
	Kind ResourceKind `json:"kind"`
	Key  string       `json:"key"`
	Rev  int64        `json:"rev"`
	Hash string       `json:"hash,omitempty"`
}

// Operation is one change of one resource: the document that is written in
// place of Base, or none where it is removed. A release has no document before
// it starts: Start says what is started.
type Operation struct {
	Type        string          `json:"type"` // of the record that it leaves: rule.update
	Base        Base            `json:"base"`
	After       string          `json:"after,omitempty"` // SHA-256 of Doc or Start; empty where the resource is removed
	Doc         json.RawMessage `json:"doc,omitempty"`
	Start       *StartRelease   `json:"start,omitempty"`
	Project     string          `json:"project,omitempty"`
	Environment string          `json:"environment,omitempty"`
	Permissions []Permission    `json:"permissions"` // that it needs
	Effect      policy.Effect   `json:"effect"`      // on exposure, when it was proposed
	Class       string          `json:"class,omitempty"`
}

func (o Operation) scope() Scope { return Scope{o.Project, o.Environment} }

// ApprovalsNeeded is what must be met before a request is applied: so many
// people who may approve there, from a group or with a role where From says so.
type ApprovalsNeeded struct {
	Rule        string `json:"rule"`
	Approvals   int    `json:"approvals"`
	From        string `json:"from,omitempty"`
	Project     string `json:"project,omitempty"`
	Environment string `json:"environment,omitempty"`
}

func (n ApprovalsNeeded) scope() Scope { return Scope{n.Project, n.Environment} }

// RequestApproval is one person's decision on one digest.
type RequestApproval struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Digest  string    `json:"digest"`
	Method  string    `json:"method"` // session
	Comment string    `json:"comment,omitempty"`
}

// RequestComment is what somebody said of a request.
type RequestComment struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// RequestSchedule is when a request will be applied, and who said so.
type RequestSchedule struct {
	At time.Time `json:"at"`
	By string    `json:"by"`
}

// RequestBypass is why a request was applied without its approvals, and who
// has looked at it since.
type RequestBypass struct {
	By         string     `json:"by"`
	At         time.Time  `json:"at"`
	Reason     string     `json:"reason"`
	Reference  string     `json:"reference"` // a ticket or an incident
	DueAt      time.Time  `json:"dueAt"`
	ReviewedBy string     `json:"reviewedBy,omitempty"`
	ReviewedAt *time.Time `json:"reviewedAt,omitempty"`
	Review     string     `json:"review,omitempty"`
}

// seal computes the digest: SHA-256 over what is applied, what it is applied
// to, under which rules, by whom it is proposed and in which words.
func (c *ChangeRequest) seal() error {
	type sealed struct {
		Type, After string
		Base        Base
		Permissions []Permission
		Scope       Scope
	}
	ops := make([]sealed, 0, len(c.Ops))
	for _, o := range c.Ops {
		ops = append(ops, sealed{o.Type, o.After, o.Base, o.Permissions, o.scope()})
	}
	body, err := audit.Canonical(map[string]any{
		"id": c.ID, "revision": c.Revision, "authors": c.Authors, "ops": ops, "reads": c.Reads, "required": c.Required,
		"calendar": c.Calendar, "policy": c.Policy, "expires": c.ExpiresAt, "title": c.Title, "body": c.Body,
	})
	c.Digest = audit.Sum(append([]byte("cr/v1\n"), body...))
	return err
}

// check looks at what people wrote, and at the size.
func (c *ChangeRequest) check(now time.Time) error {
	if c.Title == "" || len(c.Title) > maxName || !printable(c.Title) {
		return Invalidf("title", "must say what changes in 1 to %d bytes, on one line", maxName)
	}
	if len(c.Body) > maxRequestText {
		return Invalidf("body", "has %d bytes, and may have %d", len(c.Body), maxRequestText)
	}
	if len(c.Ops) == 0 {
		return Invalidf("ops", "are none: what is proposed holds already")
	}
	size := 0
	for _, o := range c.Ops {
		size += len(o.Doc)
	}
	if len(c.Ops) > maxBatch || size > maxRequestBytes {
		return Invalidf("ops", "are %d with %d bytes: propose at most %d with %d at a time", len(c.Ops), size, maxBatch, maxRequestBytes)
	}
	if !c.ExpiresAt.After(now) || c.ExpiresAt.After(now.Add(maxRequestLife)) {
		return Invalidf("expiresAt", "must be in the future, and within %d days", maxRequestLife/(24*time.Hour))
	}
	return checkCalendar("calendar", c.Calendar)
}

// places are the scopes that a request touches, each once.
func (c *ChangeRequest) places() []Scope {
	var out []Scope
	for _, o := range c.Ops {
		if !slices.Contains(out, o.scope()) {
			out = append(out, o.scope())
		}
	}
	return out
}

// increases reports whether exposure may grow by the request.
func (c *ChangeRequest) increases() bool {
	return slices.ContainsFunc(c.Ops, func(o Operation) bool { return o.Effect != policy.Reduces && o.Effect != policy.Same })
}

// missing returns what is not met yet, where counts says whose approval meets
// what. An approval of another digest, or one that is too old, meets nothing.
func (c *ChangeRequest) missing(now time.Time, counts func(RequestApproval, ApprovalsNeeded) bool) []ApprovalsNeeded {
	var out []ApprovalsNeeded
	for _, need := range c.Required {
		people := map[string]bool{}
		for _, a := range c.Approvals {
			if a.Digest == c.Digest && now.Sub(a.At) <= ApprovalLife && counts(a, need) {
				people[a.By] = true
			}
		}
		if need.Approvals -= len(people); need.Approvals > 0 {
			out = append(out, need)
		}
	}
	return out
}

// needed puts requirements into words.
func needed(all []ApprovalsNeeded) string {
	var out []string
	for _, n := range all {
		who := "people who may approve"
		if n.From != "" {
			who = n.From
		}
		out = append(out, fmt.Sprintf("%d more from %s%s (rule %s)", n.Approvals, who, n.scope().in(), n.Rule))
	}
	return strings.Join(out, "; ")
}
