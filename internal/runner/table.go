package runner

import (
	"context"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// table is the releases that take evidence, the open and the watched ones, by
// flag and environment, as of a position of the log. It is replaced as a whole,
// so that evidence is judged by one moment and never waits for an evaluation.
type table struct {
	head    int64 // it holds every event below that
	by      map[flagIn]running
	serving []control.ReleaseView // those that have ended and are still served
}

type flagIn struct{ flag, environment string }

type running struct {
	view   control.ReleaseView
	policy *gate.Policy // of the milestone being served
}

// Running returns the open release of a flag in an environment, or the one that
// is watched there, with the policy of the milestone that it serves.
func (r *Runner) Running(environment, flag string) (control.ReleaseView, *gate.Policy, bool) {
	one, ok := r.table.Load().by[flagIn{flag, environment}]
	return one.view, one.policy, ok
}

// Refresh makes Running answer by all that is committed when it is called. It
// costs one read of the log's head where nothing was. An SDK may know of a
// release that starts, or is promoted, before the runner's loop does.
func (r *Runner) Refresh(ctx context.Context) error {
	head, err := r.o.Service.Head(ctx)
	if err != nil || r.table.Load().head >= head.Size {
		return err
	}
	_, _, err = r.read(ctx)
	return err
}

// read reads the open releases and those that are still served, and makes Running
// answer by them. The latter, which are many and seldom change, are read again
// where the log has grown.
func (r *Runner) read(ctx context.Context) (open, serving []control.ReleaseView, err error) {
	head, err := r.o.Service.Head(ctx) // before the releases, which are then at least as new
	if err != nil {
		return nil, nil, err
	}
	if open, err = r.o.Service.Releases(ctx, control.Engine(), true); err != nil {
		return nil, nil, err
	}
	last := r.table.Load()
	if serving = last.serving; last.head != head.Size {
		if serving, err = r.o.Service.ServingReleases(ctx, control.Engine()); err != nil {
			return nil, nil, err
		}
	}
	next := &table{head: head.Size, by: make(map[flagIn]running, len(open)+len(serving)), serving: serving}
	for _, view := range slices.Concat(serving, open) { // an open one takes the place of one that is watched
		if view.State == control.Scheduled || !view.Open() && !view.Watched() {
			continue
		}
		policy := view.Plan.PolicyAt(view.Milestone)
		for _, one := range view.Serving() {
			next.by[flagIn{one.Flag, one.Environment}] = running{control.ReleaseView{Release: one, Rev: view.Rev, Calendar: view.Calendar}, &policy}
		}
	}
	for {
		last := r.table.Load()
		if last.head > next.head || r.table.CompareAndSwap(last, next) {
			return open, serving, nil
		}
	}
}
