package control

import "time"

// RequestState is where a ChangeRequest is.
type RequestState string

// The states of a change request. Applying is none of them: it is one
// transaction, which leaves the request applied or as it was.
const (
	RequestDraft      RequestState = "draft"
	RequestInReview   RequestState = "in_review"
	RequestApproved   RequestState = "approved"
	RequestScheduled  RequestState = "scheduled"
	RequestSuspended  RequestState = "suspended" // what was scheduled could not be applied
	RequestStale      RequestState = "stale"     // what it was made against has moved on
	RequestFrozen     RequestState = "frozen"    // whoever proposed it may do nothing any more
	RequestReviewDue  RequestState = "post_review_due"
	RequestReviewed   RequestState = "post_reviewed"
	RequestApplied    RequestState = "applied"
	RequestRejected   RequestState = "rejected"
	RequestWithdrawn  RequestState = "withdrawn"
	RequestExpired    RequestState = "expired"
	requestNotThere   RequestState = ""
	requestAnyPending              = "pending" // in the table: each state in which it may still be applied
)

// RequestStates are all of them, in the order of a request's life.
func RequestStates() []RequestState {
	return []RequestState{
		RequestDraft, RequestInReview, RequestApproved, RequestScheduled, RequestSuspended, RequestStale, RequestFrozen,
		RequestApplied, RequestReviewDue, RequestReviewed, RequestRejected, RequestWithdrawn, RequestExpired,
	}
}

// The parents that change requests are listed under.
const (
	requestsOpen   = "open"   // may come to be applied, or await their review
	requestsClosed = "closed" // nothing can become of them any more
)

// pending reports whether a request may still come to be applied.
func (s RequestState) pending() bool {
	switch s {
	case RequestDraft, RequestInReview, RequestApproved, RequestScheduled, RequestSuspended, RequestStale, RequestFrozen:
		return true
	case RequestApplied, RequestReviewDue, RequestReviewed, RequestRejected, RequestWithdrawn, RequestExpired, requestNotThere:
	}
	return false
}

// over reports whether nothing can become of a request any more.
func (s RequestState) over() bool { return !s.pending() && s != RequestReviewDue }

// requestVerb is what is done to a change request; the record of it is of type
// cr.VERB.
type requestVerb string

const (
	verbSubmit   requestVerb = "submit"
	verbEdit     requestVerb = "update"
	verbQuorum   requestVerb = "approve" // the last approval that it needs
	verbReject   requestVerb = "reject"
	verbWithdraw requestVerb = "withdraw"
	verbSchedule requestVerb = "schedule"
	verbCancel   requestVerb = "cancel"
	verbSuspend  requestVerb = "suspend"
	verbStale    requestVerb = "stale"
	verbRebase   requestVerb = "rebase"
	verbFreeze   requestVerb = "freeze"
	verbThaw     requestVerb = "thaw"
	verbExpire   requestVerb = "expire"
	verbApply    requestVerb = "apply"
	verbBypass   requestVerb = "bypass"
	verbReview   requestVerb = "review"
)

// transitions are all that there are: what each verb makes of a state. An edit
// of what nobody has seen yet leaves it a draft.
var transitions = map[requestVerb]map[RequestState]RequestState{
	verbSubmit: {RequestDraft: RequestInReview},
	verbEdit: {
		RequestDraft: RequestDraft, RequestInReview: RequestInReview, RequestApproved: RequestInReview, RequestSuspended: RequestInReview,
	},
	verbQuorum:   {RequestInReview: RequestApproved, RequestApproved: RequestApproved}, // again, where an approval counts no more
	verbReject:   {RequestInReview: RequestRejected},
	verbWithdraw: {requestAnyPending: RequestWithdrawn},
	verbSchedule: {RequestApproved: RequestScheduled},
	verbCancel:   {RequestScheduled: RequestApproved, RequestSuspended: RequestApproved},
	verbSuspend:  {RequestScheduled: RequestSuspended},
	verbStale: {
		RequestInReview: RequestStale, RequestApproved: RequestStale, RequestScheduled: RequestStale, RequestSuspended: RequestStale,
	},
	verbRebase: {RequestStale: RequestInReview},
	verbFreeze: {
		RequestInReview: RequestFrozen, RequestApproved: RequestFrozen, RequestScheduled: RequestFrozen, RequestSuspended: RequestFrozen,
		RequestStale: RequestFrozen,
	},
	verbThaw:   {RequestFrozen: RequestInReview},
	verbExpire: {requestAnyPending: RequestExpired},
	verbApply:  {RequestApproved: RequestApplied, RequestScheduled: RequestApplied},
	verbBypass: {RequestInReview: RequestReviewDue, RequestApproved: RequestReviewDue, RequestSuspended: RequestReviewDue},
	verbReview: {RequestReviewDue: RequestReviewed},
}

// after returns the state that a verb leads to, false where it leads nowhere.
func (s RequestState) after(v requestVerb) (RequestState, bool) {
	if next, ok := transitions[v][s]; ok {
		return next, true
	}
	next, ok := transitions[v][requestAnyPending]
	return next, ok && s.pending()
}

// do takes a request to its next state, or returns a Conflict where the verb is
// not for the state that it is in. Whatever leads back into review, or changes
// what is proposed, leaves no approval behind.
func (c *ChangeRequest) do(v requestVerb, now time.Time) error {
	next, ok := c.State.after(v)
	if !ok {
		return Errorf(Conflict, "not_now", "change request %s is %s: %s is not for that", c.ID, c.State, v)
	}
	if next == RequestInReview || v == verbEdit {
		c.Approvals = nil
	}
	c.State, c.Schedule = next, nil
	if next.over() {
		c.EndedAt = &now
	}
	return nil
}
