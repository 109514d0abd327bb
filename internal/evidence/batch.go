package evidence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// batch gathers what one request brings, until it is stored in one append.
type batch struct {
	in           *Ingest
	from         control.Principal
	environments []string // that the sender may write evidence in
	now          time.Time
	releases     map[place]answer
	last         struct { // that was asked for: most speak of the same
		place
		answer
	}
	reader gate.Reader
	counts map[string]map[string]int64 // by release and result
	freed  []waiting                   // had waited for their exposure: kept if the append fails
}

// place is where a release may run.
type place struct{ environment, flag string }

// answer is what runs in a place, or why the sender may not write there.
type answer struct {
	release *release
	refusal *refusal
}

// newBatch starts a batch of what p sends, judged by what is committed by now:
// the sender may know of a release, or of its next milestone, through the flags
// that it is served. Where that cannot be read nothing is refused for good: the
// error is Unavailable, and the sender sends it again.
func (in *Ingest) newBatch(ctx context.Context, p control.Principal) (*batch, error) {
	if err := in.releases.Refresh(ctx); err != nil {
		return nil, notNow("which releases run could not be read", err)
	}
	now := in.now()
	in.expire(now)
	return &batch{
		in: in, from: p, environments: environments(p), now: now,
		releases: map[place]answer{}, counts: map[string]map[string]int64{},
	}, nil
}

// release returns the release that runs on a flag in an environment, for which
// the sender may write evidence.
func (b *batch) release(environment, flag string) (*release, *refusal) {
	at := place{environment, flag}
	if at != b.last.place || b.last.answer == (answer{}) {
		known, ok := b.releases[at]
		if !ok {
			known = b.ask(at)
			b.releases[at] = known
		}
		b.last.place, b.last.answer = at, known
	}
	return b.last.release, b.last.refusal
}

func (b *batch) ask(at place) answer {
	if ref := b.mayWriteIn(at.environment); ref != nil {
		return answer{refusal: ref}
	}
	view, policy, running := b.in.releases.Running(at.environment, at.flag)
	if !running {
		return answer{refusal: noRelease(gate.Foreign, at)}
	}
	r := &release{view: view, policy: policy, arm: b.in.arm}
	if !r.mayWrite(b.from) {
		return answer{refusal: noRelease(Denied, at)}
	}
	return answer{release: r}
}

// mayWriteIn refuses an environment in which the sender writes no evidence.
func (b *batch) mayWriteIn(environment string) *refusal {
	if slices.Contains(b.environments, environment) || slices.Contains(b.environments, control.All) && environment != "" {
		return nil
	}
	msg := quote(environment) + " is not one that this token writes evidence in: "
	if environment == "" {
		msg = "is missing: this token writes evidence in "
	}
	return &refusal{cause: Denied, field: "environment", msg: msg + strings.Join(b.environments, ", ")}
}

// noRelease says the same of a release that the sender may not know of as of
// none.
func noRelease(cause gate.Cause, at place) *refusal {
	return &refusal{cause: cause, field: "flag", msg: fmt.Sprintf("no release of %s runs in %s that this token writes evidence for", quote(at.flag), quote(at.environment))}
}

// accept takes one observation into the batch, as line where it was sent as
// one. It leaves it to the caller to count what it does not take.
func (b *batch) accept(o *gate.Observation, line []byte) *refusal {
	r, ref := b.release(o.Environment, o.Flag)
	if ref == nil {
		ref = r.check(o, b.now)
	}
	if ref != nil {
		return ref
	}
	if r.lines == nil {
		r.page, _ = pages.Get().(*[]byte) // the pool holds nothing else
		r.lines = (*r.page)[:0]
	}
	if o.Aggregate != nil { // the server knows best when the release began
		o.Aggregate.Before, line = o.Aggregate.From.Before(r.view.StartedAt), nil
	}
	if line == nil {
		r.lines = r.writer.Append(r.lines, o)
	} else {
		r.lines = append(r.lines, line...)
	}
	r.lines = append(r.lines, '\n')
	r.accepted++
	return nil
}

func (b *batch) count(release, what string, n int64) { add(b.counts, release, what, n) }

// note counts a refusal.
func (b *batch) note(ref *refusal) { b.count(ref.release, string(ref.cause), 1) }

// commit stores the batch and returns when it is durable. Nothing is counted,
// and nobody told, before.
func (b *batch) commit(ctx context.Context, s sender) error {
	defer b.putBack()
	var batches []control.EvidenceBatch
	for _, known := range b.releases {
		if r := known.release; r != nil && r.accepted > 0 {
			b.count(r.view.ID, Accepted, r.accepted)
			batches = append(batches, control.EvidenceBatch{
				Release: r.view.ID, Source: s.known(b.from, r.view.ID), SourceSeq: s.sequence, Lines: r.lines,
			})
		}
	}
	slices.SortFunc(batches, func(x, y control.EvidenceBatch) int { return strings.Compare(x.Release, y.Release) })
	if len(batches) > 0 {
		if err := b.in.store.AppendEvidence(ctx, b.now, batches); err != nil {
			b.in.lost(b.in.join.restore(b.now, b.freed...))
			return unstored(err)
		}
	}
	b.finish(batches)
	return nil
}

// pages are buffers for lines. A batch that is not committed leaves its own to
// the garbage collector.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// putBack gives the buffers of the lines back. The store is done with them.
func (b *batch) putBack() {
	for _, known := range b.releases {
		if r := known.release; r != nil && r.page != nil && cap(r.lines) <= maxKept {
			*r.page = r.lines[:0]
			pages.Put(r.page)
			r.page, r.lines = nil, nil
		}
	}
}

// finish counts what was stored, and wakes whoever reads it.
func (b *batch) finish(batches []control.EvidenceBatch) {
	fresh := make([]string, 0, len(batches))
	for _, one := range batches {
		if one.Seq == 0 { // a repeat: counted when it first came
			delete(b.counts, one.Release)
			continue
		}
		fresh = append(fresh, one.Release)
	}
	b.in.tally.add(b.counts)
	if len(fresh) > 0 {
		b.in.appended(fresh)
	}
}

// unstored classifies an error of the store.
func unstored(err error) error {
	if control.KindOf(err) != control.Internal {
		return fmt.Errorf("storing evidence: %w", err)
	}
	return notNow("the evidence was not stored", err)
}

// notNow tells the sender to try again.
func notNow(what string, err error) error {
	return &control.Error{Kind: control.Unavailable, Code: "unavailable", Msg: what + ": send it again", Err: err}
}
