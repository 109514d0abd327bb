package native

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

const (
	// instanceAge is how recently an instance must have been heard of to count.
	instanceAge = 2 * time.Minute
	// askEvery is how often the store is asked about receipts while somebody
	// waits: another replica may have been told.
	askEvery = 50 * time.Millisecond
	// maxMissing is how many instances are named of those that are missing.
	maxMissing = 100
)

// Propagation is who serves a change, of those who are to: edges and SDKs that
// acknowledge what they serve, that read the flag's project, and that were heard
// of since two minutes before the change.
type Propagation struct {
	Environment string         `json:"environment"`
	Seq         int64          `json:"seq" doc:"sequence number that they must have reached"`
	At          time.Time      `json:"at" doc:"when the change was made"`
	Instances   int            `json:"instances" doc:"those who are to serve it"`
	Confirmed   int            `json:"confirmed" doc:"those that have said they serve it"`
	SlowestMS   int64          `json:"slowestMs" doc:"from the change to the last of those that were there before it, by their own clocks"`
	Missing     []MissingPlace `json:"missing" doc:"those that have not, edges first; no more than 100"`
	Silent      int            `json:"silent" doc:"clients that never say what they serve, as Unleash's SDKs"`
}

// MissingPlace is an instance that has not said that it serves a change.
type MissingPlace struct {
	App    string    `json:"app" doc:"lockflight-edge for an edge"`
	ID     string    `json:"id" doc:"of an edge its name"`
	Edge   string    `json:"edge,omitempty" doc:"the edge that it follows"`
	SeenAt time.Time `json:"seenAt" doc:"when it was last heard of"`
}

// Wait is how long a question may wait for its answer to be complete. It is
// exported for huma, which sets it through reflection.
type Wait struct {
	WaitMS int64 `query:"waitMs" minimum:"0" maximum:"30000" doc:"how long to wait for those that are missing"`
}

type flagReceiptsQuery struct {
	FlagEnvPath
	Wait
}

type releaseReceiptsQuery struct {
	ReleaseID
	Wait
}

func (a api) propagations(h huma.API) {
	route(a, h, get("/flags/{flag}/environments/{environment}/receipts", "getFlagReceipts", "Say who serves the latest change of a flag in one environment"),
		func(ctx context.Context, p control.Principal, in *flagReceiptsQuery) (Propagation, error) {
			c, err := a.latestChange(ctx, p, in.ref())
			if err != nil {
				return Propagation{}, err
			}
			return a.await(ctx, c, in.Wait)
		})
	route(a, h, get("/releases/{id}/receipts", "getReleaseReceipts", "Say who serves the latest change of a release"),
		func(ctx context.Context, p control.Principal, in *releaseReceiptsQuery) (Propagation, error) {
			r, err := a.Service.Release(ctx, p, in.ID)
			if err != nil {
				return Propagation{}, err
			}
			return a.await(ctx, releaseChange(r), in.Wait)
		})
}

// change is something that instances are to serve.
type change struct {
	project, environment string
	seq                  int64
	at                   time.Time
}

func releaseChange(r control.ReleaseView) change {
	return change{r.Project, r.Environment, r.ServedFrom, r.ChangedAt}
}

// latestChange is the last one of a flag in an environment: of its
// configuration, or of what a release lays over that.
func (a api) latestChange(ctx context.Context, p control.Principal, ref control.Ref) (change, error) {
	flag, err := a.Service.Flag(ctx, p, ref.Project, ref.Flag)
	if err != nil {
		return change{}, err
	}
	out := change{project: flag.Project, environment: ref.Environment}
	versions, err := a.Service.FlagHistory(ctx, p, ref, 0, 1)
	if err != nil {
		return change{}, err
	}
	for _, v := range versions {
		out.seq, out.at = v.Record+1, v.At
	}
	releases, err := a.Service.Releases(ctx, p, false)
	for _, r := range releases {
		of := func(t control.Target) bool { return t.Flag == ref.Flag }
		if r.Environment == ref.Environment && r.ServedFrom > out.seq && slices.ContainsFunc(r.Targets(), of) {
			out.seq, out.at = r.ServedFrom, r.ChangedAt
		}
	}
	return out, err
}

// await asks who serves a change until all do, or the time is over.
func (a api) await(ctx context.Context, c change, wait Wait) (Propagation, error) {
	limit := time.NewTimer(time.Duration(wait.WaitMS) * time.Millisecond)
	defer limit.Stop()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		out, err := a.propagation(ctx, c)
		if err != nil || out.Confirmed == out.Instances || wait.WaitMS == 0 {
			return out, err
		}
		select {
		case <-tick.C:
		case <-limit.C:
			return out, nil
		case <-ctx.Done():
			return out, ctx.Err()
		}
	}
}

// propagation says who serves a change now. What instances say is their own word.
func (a api) propagation(ctx context.Context, c change) (Propagation, error) {
	out := Propagation{Environment: c.environment, Seq: c.seq, At: c.at, Missing: []MissingPlace{}}
	instances, err := a.Usage.Instances(ctx, c.environment, c.at.Add(-instanceAge))
	if err != nil {
		return out, err
	}
	speak, err := a.receipts(ctx, c.environment, 0)
	if err != nil {
		return out, err
	}
	have, err := a.receipts(ctx, c.environment, c.seq)
	if err != nil {
		return out, err
	}
	for _, i := range instances {
		if i.Frontend || !i.Reads(c.project) {
			continue
		}
		by := place{i.App, i.ID}
		if _, ok := speak[by]; !ok {
			out.Silent++
			continue
		}
		out.Instances++
		receipt, ok := have[by]
		if !ok {
			out.Missing = append(out.Missing, MissingPlace{i.App, i.ID, i.Edge, i.SeenAt})
			continue
		}
		out.Confirmed++
		if receipt.Since.Before(c.at) {
			out.SlowestMS = max(out.SlowestMS, receipt.AppliedAt.Sub(c.at).Milliseconds())
		}
	}
	slices.SortStableFunc(out.Missing, func(a, b MissingPlace) int { return edgesFirst(a) - edgesFirst(b) })
	out.Missing = out.Missing[:min(len(out.Missing), maxMissing)]
	return out, nil
}

func edgesFirst(m MissingPlace) int {
	if m.App == control.EdgeApp {
		return 0
	}
	return 1
}

// place is an instance within an environment.
type place struct{ app, id string }

// receipts returns the first receipt of each instance for a sequence number or
// one above it.
func (a api) receipts(ctx context.Context, environment string, seq int64) (map[place]control.Receipt, error) {
	all, err := a.Usage.Receipts(ctx, environment, seq)
	out := make(map[place]control.Receipt, len(all))
	for _, r := range all {
		out[place{r.App, r.Instance}] = r
	}
	return out, err
}
