package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/lockflight/lockflight/internal/anchor"
	"github.com/lockflight/lockflight/internal/audit"
)

// anchorEvery is how often, at most, a growing log is anchored.
const anchorEvery = time.Minute

// checkAnchor refuses writes where the log does not go on from what was anchored
// last, and remembers how far that was.
func (a *App) checkAnchor(ctx context.Context) error {
	if a.opts.AnchorFile == "" {
		return nil
	}
	keys, err := a.signer.verifiers()
	if err != nil {
		return err
	}
	all, err := a.anchor().Checkpoints(a.signer.origin, keys)
	if err != nil || len(all) == 0 {
		return err
	}
	last := all[len(all)-1]
	a.anchored = last.Size
	return a.store.ViewLog(ctx, func(log audit.FollowedLog) error {
		wrong, err := audit.Continues(log, last)
		if wrong != "" {
			a.refuse(ctx, wrong)
		}
		return err
	})
}

func (a *App) anchor() anchor.File { return anchor.File{Path: a.opts.AnchorFile} }

// anchoring writes the newest checkpoint to the anchor, once a minute while the
// log grows.
func (a *App) anchoring(ctx context.Context) error {
	if a.opts.AnchorFile == "" {
		return nil
	}
	tick := time.NewTicker(anchorEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := a.anchorNewest(ctx); err != nil && ctx.Err() == nil {
			a.log.LogAttrs(ctx, slog.LevelError, "the log is not anchored; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return nil
}

func (a *App) anchorNewest(ctx context.Context) error {
	newest, err := a.store.Checkpoints(ctx, 1)
	if err != nil || a.refused() || len(newest) == 0 || newest[0].Size <= a.anchored {
		return err
	}
	if err := a.anchor().Append(newest[0].Note, a.opts.Now()); err != nil {
		return err
	}
	a.anchored = newest[0].Size
	return nil
}
