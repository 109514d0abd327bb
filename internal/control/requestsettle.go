package control

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// due says what has become of a request by itself, and why: nothing where verb
// is empty.
func (c *ChangeRequest) due(tx ReadTx, now time.Time) (verb requestVerb, why string, err error) {
	if !c.State.pending() {
		return "", "", nil
	}
	if !now.Before(c.ExpiresAt) {
		return verbExpire, "", nil
	}
	if c.State == RequestDraft || c.State == RequestFrozen {
		return "", "", nil
	}
	if who, err := c.suspended(tx); who != "" || err != nil {
		return verbFreeze, who + " may do nothing any more", err
	}
	if c.State == RequestStale {
		return "", "", nil
	}
	if why, err := c.moved(tx); why != "" || err != nil {
		return verbStale, why, err
	}
	if c.State == RequestScheduled {
		if gone, err := disabled(tx, c.Schedule.By); gone || err != nil {
			return verbSuspend, c.Schedule.By + ", who scheduled it, may do nothing any more", err
		}
	}
	return "", "", nil
}

// moved says what of that which a request was made against has changed, ""
// where nothing has.
func (c *ChangeRequest) moved(tx ReadTx) (string, error) {
	for _, base := range c.Bases() {
		r, err := tx.Resource(base.Kind, base.Key)
		if present(err) != nil {
			return "", err
		}
		if r.Rev == base.Rev && r.Hash == base.Hash {
			continue
		}
		why := fmt.Sprintf("%s %s was at revision %d and is at %d", base.Kind, base.Key, base.Rev, r.Rev)
		if seq, err := tx.Recorded(r.Kind, r.Key, r.Rev); err == nil && seq >= 0 {
			rec, err := recordAt(tx, seq)
			if err != nil {
				return why, err
			}
			why += fmt.Sprintf(": %s by %s", rec.Type, rec.Actor.ID)
		}
		return why, nil
	}
	return "", nil
}

// Bases are the revisions that a request was made against, all of them. A
// release that is yet to start has none of its own.
func (c *ChangeRequest) Bases() []Base {
	var out []Base
	for _, o := range c.Ops {
		if o.Start == nil {
			out = append(out, o.Base)
		}
	}
	return append(out, c.Reads...)
}

// settle brings a request to where it has come by itself.
func (c *ChangeRequest) settle(tx ReadTx, now time.Time) (requestVerb, error) {
	verb, why, err := c.due(tx, now)
	if err != nil || verb == "" {
		return "", err
	}
	if err := c.do(verb, now); err != nil {
		return "", err
	}
	c.Note = why
	return verb, nil
}

// record is what the records of a request's changes say of it.
func (c *ChangeRequest) record() audit.ChangeReq {
	if c == nil {
		return audit.ChangeReq{}
	}
	out := audit.ChangeReq{ID: c.ID, Digest: c.Digest, Base: map[string]int64{}}
	for _, base := range c.Bases() {
		if len(out.Base) < maxRecordBases {
			out.Base[string(base.Kind)+"/"+base.Key] = base.Rev
		}
	}
	for _, a := range c.Approvals {
		out.Appr = append(out.Appr, audit.Approval{By: a.By, At: audit.FormatTime(a.At), Digest: a.Digest, M: a.Method})
	}
	if c.Bypass != nil {
		out.Bypass = c.ID
	}
	return out
}

// maxRecordBases bounds what a record lists of a request's bases: the digest
// binds them all.
const maxRecordBases = 50

// requestsEvery is how often requests are looked at that change by themselves.
const requestsEvery = time.Second

// RunRequests settles requests, and applies those whose time has come, until
// ctx ends. Any number of replicas may: each step is decided in its transaction.
func (s *Service) RunRequests(ctx context.Context) error {
	tick := time.NewTicker(requestsEvery)
	defer tick.Stop()
	for {
		if err := s.SettleRequests(ctx); err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, "looking after change requests; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// SettleRequests marks change requests that are stale, frozen or expired, and
// applies those that are scheduled and due; one that cannot be applied then is
// suspended, with the reason in its note.
func (s *Service) SettleRequests(ctx context.Context) error {
	var ids []string
	err := s.store.View(ctx, func(tx ReadTx) error {
		open, err := list[ChangeRequest](tx, KindChangeRequest, requestsOpen)
		for _, c := range open {
			now := s.now()
			verb, _, failed := c.due(tx, now)
			if failed != nil {
				return failed
			}
			if verb != "" || c.dueAt(now) {
				ids = append(ids, c.ID)
			}
		}
		return err
	})
	for _, id := range ids {
		if err == nil {
			err = s.settleRequest(ctx, id)
		}
	}
	return err
}

// dueAt reports whether a request is to be applied by now.
func (c *ChangeRequest) dueAt(now time.Time) bool {
	return c.State == RequestScheduled && !now.Before(c.Schedule.At)
}

func (s *Service) settleRequest(ctx context.Context, id string) error {
	refusal := s.checkStarts(ctx, id)
	if refusal == nil {
		refusal = s.settleNow(ctx, id)
	}
	if k := KindOf(refusal); refusal == nil || k != Conflict && k != Denied && k != Invalid && k != NotFound {
		return refusal
	}
	return s.write(ctx, system("scheduler"), Normal, func(w *work) error {
		c, err := get[ChangeRequest](w, KindChangeRequest, id)
		if err != nil || !c.dueAt(w.now) {
			return err
		}
		w.perm = PermChangeApply
		if err := c.do(verbSuspend, w.now); err != nil {
			return err
		}
		c.Note = refusal.Error()
		return w.putRequest(verbSuspend, c)
	})
}

// settleNow takes a request to where it has come, and applies it where it is due.
func (s *Service) settleNow(ctx context.Context, id string) error {
	return s.write(ctx, system("scheduler"), Normal, func(w *work) error {
		c, err := get[ChangeRequest](w, KindChangeRequest, id)
		if err != nil {
			return err
		}
		w.perm = PermChangeApply
		verb, err := c.settle(w, w.now)
		switch {
		case err != nil:
			return err
		case verb != "":
			return w.putRequest(verb, c)
		case c.dueAt(w.now):
			return w.fulfil(&c, verbApply)
		}
		return nil
	})
}
