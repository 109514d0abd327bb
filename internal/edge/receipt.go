package edge

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
)

// heartbeat is how often an edge says that it is there while nothing changes. An
// instance counts for two minutes.
const heartbeat = 30 * time.Second

// acknowledging tells the upstream what the edge serves of a scope, each time
// once it does: it follows its own feed as a client would. What was received
// and is not served is not said.
func (e *Edge) acknowledging(ctx context.Context, f *follower) error {
	select {
	case <-f.loaded:
	case <-ctx.Done():
		return nil
	}
	env, err := f.environment(ctx)
	if err != nil {
		return err
	}
	of := feed.Scope{All: true}
	if !slices.Contains(f.scope.Projects, control.All) {
		of = feed.Scope{Projects: f.scope.Projects}
	}
	sub := env.Subscribe(ctx, of, env.Snapshot(of).Seq)
	defer sub.Close()
	for ctx.Err() == nil {
		waiting, cancel := context.WithTimeout(ctx, heartbeat)
		m, err := sub.Next(waiting)
		cancel()
		now := e.now().UTC()
		said := control.Reports{Instances: []control.Instance{{
			App: control.EdgeApp, ID: e.opts.Name, Environment: f.scope.Environment, SDK: "lockflight-edge:" + e.opts.Version,
			Projects: f.scope.Projects, SeenAt: now,
		}}}
		switch {
		case err == nil:
			said.Receipts = []control.Receipt{{
				App: control.EdgeApp, Instance: e.opts.Name, Environment: f.scope.Environment, Seq: m.Seq, AppliedAt: now,
			}}
		case !errors.Is(err, context.DeadlineExceeded):
			return nil
		}
		if err := e.AddReports(ctx, said); err != nil {
			return err
		}
	}
	return nil
}
