package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// RequestView is a change request as it is shown to somebody: with what it
// changes, what it waits for, and whether they may decide.
type RequestView struct {
	ChangeRequest
	Changes []RequestChange   // what each operation changes
	Missing []ApprovalsNeeded // approvals that it still needs
	Refusal *Error            // why whoever asks may not approve it; nil where they may
}

// RequestChange is what an operation changes, computed from the documents.
type RequestChange struct {
	Operation   int // its index
	Differences []Difference
}

// view computes what somebody is shown of a request.
func (c ChangeRequest) view(tx ReadTx, p Principal, now time.Time) (RequestView, error) {
	out := RequestView{ChangeRequest: c}
	if err := c.approvable(tx, p); err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return out, err
		}
		out.Refusal = e
	}
	var err error
	if c.State.pending() {
		if out.Missing, err = c.missingNow(tx, now); err != nil {
			return out, err
		}
	}
	for i, o := range c.Ops {
		before, after, err := o.documents(tx)
		if err != nil {
			return out, err
		}
		all, err := Differences(before, after)
		if err != nil {
			return out, err
		}
		out.Changes = append(out.Changes, RequestChange{i, all})
	}
	return out, nil
}

// documents are what an operation replaces, and what it writes; nil for none.
func (o Operation) documents(tx ReadTx) (before, after any, err error) {
	if o.Base.Rev > 0 {
		r, err := tx.Revision(o.Base.Kind, o.Base.Key, o.Base.Rev)
		if err != nil {
			return nil, nil, err
		}
		before = json.RawMessage(r.Doc)
	}
	switch {
	case o.Start != nil:
		after = o.Start
	case o.After != "":
		after = o.Doc
	}
	return before, after, nil
}

// Request returns a change request as it is by now, to whoever may read in all
// of its projects.
func (s *Service) Request(ctx context.Context, p Principal, id string) (RequestView, error) {
	var out RequestView
	err := s.store.View(ctx, func(tx ReadTx) error {
		c, err := get[ChangeRequest](tx, KindChangeRequest, id)
		if err != nil {
			return asMissing(err, "change request", id)
		}
		if err := c.visible(p); err != nil {
			return err
		}
		if _, err := c.settle(tx, s.now()); err != nil {
			return err
		}
		out, err = c.view(tx, p, s.now())
		return err
	})
	return out, err
}

// Requests lists the change requests that p may read, the newest first: those
// that may still come to be applied or await their review, or all of them.
func (s *Service) Requests(ctx context.Context, p Principal, open bool) ([]RequestView, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	parent := ""
	if open {
		parent = requestsOpen
	}
	out := []RequestView{}
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[ChangeRequest](tx, KindChangeRequest, parent)
		for _, c := range all {
			if c.visible(p) != nil {
				continue
			}
			if _, err := c.settle(tx, s.now()); err != nil {
				return err
			}
			view, err := c.view(tx, p, s.now())
			if err != nil {
				return err
			}
			out = append(out, view)
		}
		return err
	})
	slices.SortFunc(out, func(a, b RequestView) int { return cmp.Compare(b.ID, a.ID) })
	return out, err
}
