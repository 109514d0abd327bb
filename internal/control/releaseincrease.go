package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
)

// Approval is one person's word that a milestone may be entered.
type Approval struct {
	Milestone int       `json:"milestone"` // the one that may be entered
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Note      string    `json:"note,omitempty"`
}

// AwaitsApprovals is how many people must still approve the milestone that
// follows the one being served.
func (r Release) AwaitsApprovals() int {
	next := r.Milestone + 1
	if next >= len(r.Plan.Milestones) {
		return 0
	}
	return max(0, r.Plan.Milestones[next].Approvals-len(r.approvals(next)))
}

// approvals returns those of a milestone.
func (r Release) approvals(milestone int) []Approval {
	var out []Approval
	for _, a := range r.Approvals {
		if a.Milestone == milestone {
			out = append(out, a)
		}
	}
	return out
}

// calendarClosed is the code of what must wait for a calendar.
const calendarClosed = "calendar_closed"

// Closed says why the release's exposure may not grow now, by a Kill, the
// calendar of its plan or that of its environment; "" where it may. What reduces
// it never asks.
func (r ReleaseView) Closed(now time.Time) string {
	if r.FrozenBy != "" {
		return "the agent that started it was stopped (" + r.FrozenBy + ")"
	}
	if why := closed(r.Plan.Calendar, now); why != "" {
		return why
	}
	if why := closed(r.Calendar, now); why != "" {
		return r.Environment + " is " + why
	}
	return ""
}

func closed(c *gate.Calendar, now time.Time) string {
	if c == nil {
		return ""
	}
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return "closed: its time zone " + c.TimeZone + " is not known here" // it was, once: another machine
	}
	return c.Closed(now.In(zone))
}

// calendarOf is the calendar of an environment, nil where it has none.
func calendarOf(tx ReadTx, environment string) (*gate.Calendar, error) {
	e, err := get[Environment](tx, KindEnvironment, environment)
	return e.Calendar, present(err)
}

// checkCalendar checks a calendar that is the input's field.
func checkCalendar(field string, c *gate.Calendar) error {
	if c == nil {
		return nil
	}
	if err := c.Validate(); err != nil {
		return InvalidPlan(strings.TrimSuffix(strings.TrimSuffix(field, "calendar"), "."), err)
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "Local" {
		return Invalidf(field+".time_zone", "%q is no time zone: want an IANA name, such as Europe/Berlin", c.TimeZone)
	}
	return nil
}

// mayGrow refuses an increase that must wait, whoever asks for it.
func (r ReleaseView) mayGrow(now time.Time) error {
	if why := r.Closed(now); why != "" {
		return Errorf(Conflict, calendarClosed, "release %s may not serve more now: %s", r.ID, why)
	}
	if n := r.AwaitsApprovals(); n > 0 {
		return Errorf(Conflict, "approval_missing", "release %s needs the approval of %d more before its next milestone", r.ID, n)
	}
	return nil
}

// ApproveRelease records that a person lets the release enter its next
// milestone. It promotes nothing by itself: the gate still decides. Only a
// person approves, signed in as such: a service, an agent or a token may be
// held by a program. Whoever started the release does not count, and each
// counts once.
func (s *Service) ApproveRelease(ctx context.Context, p Principal, id, note string) (ReleaseView, error) {
	return s.operate(ctx, p, Normal, []Permission{PermReleaseApprove}, id, func(w *work, r *ReleaseView) error {
		if err := r.approvable(p); err != nil {
			return err
		}
		next := r.Milestone + 1
		if slices.ContainsFunc(r.approvals(next), func(a Approval) bool { return a.By == p.ID }) {
			return nil
		}
		r.Approvals = append(r.Approvals, Approval{Milestone: next, By: p.ID, At: w.now, Note: note})
		r.Note = note
		return w.putRelease("release.approve", r.Release, audit.Decision{})
	})
}

// approvable refuses who may not approve, and what needs no approval.
func (r *ReleaseView) approvable(p Principal) error {
	deny := func(code, msg string) error {
		return &Error{Kind: Denied, Code: code, Field: string(PermReleaseApprove), Msg: msg}
	}
	switch next := r.Milestone + 1; {
	case p.Kind != KindHuman || p.Via == "pat":
		return deny("people_only", "only a person who is signed in approves")
	case p.ID == r.StartedBy:
		return deny("own_release", "whoever started a release does not approve it")
	case !r.Open():
		return Errorf(Conflict, "release_ended", "release %s has ended (%s)", r.ID, r.State)
	case next >= len(r.Plan.Milestones) || r.Plan.Milestones[next].Approvals == 0:
		return Errorf(Conflict, "no_approval_needed", "the next milestone of release %s needs no approval", r.ID)
	}
	return nil
}

// checkIncreases checks what a plan says of approvals and of time.
func checkIncreases(plan gate.Plan) error {
	if len(plan.Milestones) > 0 && plan.Milestones[0].Approvals > 0 {
		return Invalidf("plan.milestones[0].approvals", "the first milestone is entered by the start: ask for approvals before a later one")
	}
	return checkCalendar("plan.calendar", plan.Calendar)
}
