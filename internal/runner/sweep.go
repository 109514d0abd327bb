package runner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// Evidence of a release that has ended is dropped when this process sees it
// end, and looked for every sweepEvery: another replica may have ended it, or
// none ran. A transaction drops sweepBatches, so that evidence that comes in
// never waits long.
//
// A release that is watched needs what its stored state has not folded. The
// store's times never go back, so what was received before the last line that
// was folded was folded too, however late a replica reported it.
const (
	sweepEvery   = time.Hour
	sweepBatches = 256
)

// forever is after every time that a store gives.
var forever = time.Unix(1<<40, 0)

// sweep drops evidence that nobody needs any more until ctx ends. Any number of
// replicas may do so at once.
func (r *Runner) sweep(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.ended:
		case <-timer.C:
		}
		if err := r.dropEnded(ctx); err != nil && ctx.Err() == nil {
			r.o.Logger.LogAttrs(ctx, slog.LevelWarn, "dropping the evidence of releases that have ended: it is tried again", slog.Any("error", err))
		}
		timer.Reset(sweepEvery)
	}
}

// dropEnded drops the evidence of all releases that have ended: their last
// verdict was written with their end, and has what it was made on.
func (r *Runner) dropEnded(ctx context.Context) error {
	stored, err := r.o.Evidence.EvidenceReleases(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range stored {
		release, err := r.o.Service.Release(ctx, control.Engine(), id)
		switch {
		case control.KindOf(err) == control.NotFound: // deleted with its project
		case err != nil:
			errs = append(errs, err)
			continue
		case release.Open():
			continue
		}
		before := forever
		if err == nil && release.Watched() {
			before = release.Watch.Folded
		}
		errs = append(errs, r.drop(ctx, id, before))
	}
	return errors.Join(errs...)
}

// drop drops what a release has received before a moment.
func (r *Runner) drop(ctx context.Context, id string, before time.Time) error {
	for {
		dropped, err := r.o.Evidence.DropEvidence(ctx, id, before, sweepBatches)
		if err != nil || dropped < sweepBatches {
			return err
		}
	}
}
