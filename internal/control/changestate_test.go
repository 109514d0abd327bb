package control

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// reference has the transitions of the governance reference, from, to.
var reference = map[string]bool{
	"draft draft": true, "draft in_review": true, "in_review in_review": true, "in_review approved": true, "approved approved": true,
	"in_review rejected": true, "approved in_review": true, "suspended in_review": true, "approved scheduled": true,
	"scheduled approved": true, "suspended approved": true, "scheduled suspended": true, "stale in_review": true, "frozen in_review": true,
	"approved applied": true, "scheduled applied": true,
	"in_review post_review_due": true, "approved post_review_due": true, "suspended post_review_due": true,
	"post_review_due post_reviewed": true,
}

// referenceOfAll adds those that every open request has.
func referenceOfAll() map[string]bool {
	out := maps.Clone(reference)
	for _, s := range RequestStates() {
		if !s.pending() {
			continue
		}
		for _, to := range []RequestState{RequestWithdrawn, RequestExpired} {
			out[fmt.Sprintf("%s %s", s, to)] = true
		}
		if s != RequestDraft && s != RequestFrozen {
			out[fmt.Sprintf("%s %s", s, RequestFrozen)] = true
			if s != RequestStale {
				out[fmt.Sprintf("%s %s", s, RequestStale)] = true
			}
		}
	}
	return out
}

// TestTransitions holds the table to the reference: every one that is listed is
// there, and no other.
func TestTransitions(t *testing.T) {
	t.Parallel()
	got, listed := map[string]bool{}, referenceOfAll()
	for v := range transitions {
		for _, from := range RequestStates() {
			if to, ok := from.after(v); ok {
				got[fmt.Sprintf("%s %s", from, to)] = true
			}
		}
	}
	for one := range listed {
		if !got[one] {
			t.Errorf("%s is not there", one)
		}
	}
	for one := range got {
		if !listed[one] {
			t.Errorf("%s is not listed", one)
		}
	}
}

var someVerbs = []requestVerb{
	verbSubmit, verbEdit, verbQuorum, verbReject, verbWithdraw, verbSchedule, verbCancel, verbSuspend, verbStale, verbRebase,
	verbFreeze, verbThaw, verbExpire, verbApply, verbBypass, verbReview,
}

// TestCR01RandomSequences carries out random sequences of operations, as the
// methods of the Service do once they have looked at who asks, and never
// reaches a transition that is not listed, nor applies what was not approved as
// it is.
func TestCR01RandomSequences(t *testing.T) {
	t.Parallel()
	listed := referenceOfAll()
	people := []string{"ann", "bob", "eve"}
	begin := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	const sequences = 1000 // of each of rapid's 100 checks
	rapid.Check(t, func(t *rapid.T) {
		random := rapid.SliceOfN(rapid.Byte(), 64, 64)
		seed := random.Draw(t, "operations")
		for n := range sequences {
			c := ChangeRequest{ID: "cr-1", State: RequestDraft, Authors: []Author{{ID: "bot", OnBehalfOf: "ann"}}}
			c.Required = []ApprovalsNeeded{{Approvals: 1 + n%2}}
			c.Digest = digestOf(c)
			now, agreed := begin, map[string]map[string]time.Time{} // by digest and person
			for i := range 12 {
				b := int(seed[(n*7+i*5)%len(seed)]) ^ (n >> (i % 8)) ^ i*31
				v := someVerbs[(b&0xff)%len(someVerbs)]
				now = now.Add(time.Duration(b%5) * 10 * time.Hour)
				from, digest := c.State, c.Digest
				operate(&c, v, people[(b&0xff)/8%len(people)], now, agreed)
				if from != c.State && !listed[fmt.Sprintf("%s %s", from, c.State)] {
					t.Fatalf("%s has led from %s to %s", v, from, c.State)
				}
				if from != RequestApplied && c.State == RequestApplied {
					count := 0
					for _, at := range agreed[digest] {
						if now.Sub(at) <= ApprovalLife {
							count++
						}
					}
					if count < c.Required[0].Approvals {
						t.Fatalf("applied with %d approvals of %s", count, digest)
					}
				}
				if from.over() && c.State != from {
					t.Fatalf("%s is over, and became %s", from, c.State)
				}
			}
		}
	})
}

// operate does to a request what the Service does, for a person.
func operate(c *ChangeRequest, v requestVerb, who string, now time.Time, agreed map[string]map[string]time.Time) {
	counts := func(a RequestApproval, _ ApprovalsNeeded) bool { return a.By != "ann" }
	switch v { //nolint:exhaustive // the others are nothing but a transition
	case verbQuorum:
		if _, ok := c.State.after(v); !ok || who == "ann" {
			return
		}
		c.Approvals = append(c.Approvals, RequestApproval{By: who, At: now, Digest: c.Digest})
		if agreed[c.Digest] == nil {
			agreed[c.Digest] = map[string]time.Time{}
		}
		agreed[c.Digest][who] = now
		if len(c.missing(now, counts)) > 0 {
			return
		}
	case verbApply:
		if len(c.missing(now, counts)) > 0 {
			return
		}
	}
	if c.do(v, now) != nil {
		return
	}
	if v == verbEdit || v == verbRebase || v == verbThaw {
		c.Revision++
		c.Digest = digestOf(*c)
	}
}

// digestOf stands for the digest, which is another for each revision.
func digestOf(c ChangeRequest) string { return fmt.Sprint("revision ", c.Revision) }
