package control

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/sdk/eval"
)

// ConversationStarted is the property of a context that says when its
// conversation began, in RFC 3339. Without it a conversation is never pinned.
const ConversationStarted = "conversationStartedAt"

// Pin lets the conversations that were under way at a rollback finish on the
// build. It is made of constraints that every SDK evaluates, and ends by its own
// clock, also where no server answers. The next release of the flag ends it, too.
type Pin struct {
	Before  time.Time `json:"before"`  // conversations that began earlier
	Until   time.Time `json:"until"`   // and go on until then
	Percent int       `json:"percent"` // of the units, who had the build
}

// pinned begins to pin conversations where the policy lets a rollback do so.
func (w *work) pinned(r *Release, percent int) {
	policy := r.policy()
	if long := policy.PinnedFor(r.Verdict.Reason); long > 0 && percent > 0 {
		r.Pin = &Pin{Before: w.now, Until: w.now.Add(long), Percent: percent}
	}
}

// narrow makes a release's strategy that of those who are pinned. No evidence
// comes of it: to an SDK it is no release's.
func (p *Pin) narrow(st eval.Strategy) eval.Strategy {
	st.Parameters = eval.Parameters{
		"rollout": strconv.Itoa(p.Percent), "stickiness": st.Parameters["stickiness"], "groupId": st.Parameters["groupId"],
	}
	before := func(field string, at time.Time) eval.Constraint {
		return eval.Constraint{ContextName: field, Operator: "DATE_BEFORE", Values: []string{}, Value: at.UTC().Format(time.RFC3339Nano)}
	}
	st.Constraints = append(slices.Clone(st.Constraints), before(ConversationStarted, p.Before), before("currentTime", p.Until))
	return st
}

// Unpin ends a pin whose time is over.
func (s *Service) Unpin(ctx context.Context, p Principal, id string) (ReleaseView, error) {
	return s.operate(ctx, p, Normal, reducing, id, func(w *work, r *ReleaseView) error {
		if r.Pin == nil || w.now.Before(r.Pin.Until) {
			return Errorf(Conflict, "not_due", "release %s pins no conversation whose time is over", id)
		}
		return w.cut(&r.Release)
	})
}

// cutPins ends what rollbacks on a flag have pinned.
func (w *work) cutPins(ref Ref) error {
	serving, err := list[Release](w, KindRelease, releasesServing)
	if err != nil {
		return err
	}
	for _, r := range serving {
		if !slices.ContainsFunc(r.Each(), func(one Release) bool { return one.Ref() == ref }) {
			continue
		}
		if err := w.cut(&r); err != nil {
			return err
		}
	}
	return nil
}

// cut ends a pin: conversations switch with their next turn.
func (w *work) cut(r *Release) error {
	if r.Pin == nil {
		return nil
	}
	r.Pin = nil
	if err := w.changed(r); err != nil {
		return err
	}
	return w.putRelease("release.unpin", *r, audit.Decision{})
}
