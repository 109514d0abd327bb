package runner

import (
	"context"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// table is the open releases by flag and environment, as of a position of the
// log. It is replaced as a whole, so that evidence is judged by one moment and
// never waits for an evaluation.
type table struct {
	head int64 // it holds every event below that
	by   map[flagIn]running
}

type flagIn struct{ flag, environment string }

type running struct {
	view   control.ReleaseView
	policy *gate.Policy // of the milestone being served
}

// Running returns the open release of a flag in an environment, with the
// policy of the milestone that it serves.
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
	_, err = r.read(ctx)
	return err
}

// read reads the open releases, and makes Running answer by them.
func (r *Runner) read(ctx context.Context) ([]control.ReleaseView, error) {
	head, err := r.o.Service.Head(ctx) // before the releases, which are then at least as new
	if err != nil {
		return nil, err
	}
	open, err := r.o.Service.Releases(ctx, control.Engine(), true)
	if err != nil {
		return nil, err
	}
	next := &table{head: head.Size, by: make(map[flagIn]running, len(open))}
	for _, view := range open {
		if view.State == control.Scheduled {
			continue
		}
		policy := view.Plan.PolicyAt(view.Milestone)
		next.by[flagIn{view.Flag, view.Environment}] = running{view, &policy}
	}
	for {
		last := r.table.Load()
		if last.head > next.head || r.table.CompareAndSwap(last, next) {
			return open, nil
		}
	}
}
