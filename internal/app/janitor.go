package app

import (
	"context"
	"log/slog"
	"time"
)

// How long what clients report is kept where nothing else is said, and at
// least: a release looks at instances and receipts of its last hours.
const (
	DefaultRetention = 30 * 24 * time.Hour
	MinRetention     = 24 * time.Hour
)

// cleanEvery is how often what is too old is dropped.
const cleanEvery = time.Hour

// cleaning drops what clients reported longer than Retention ago, at the start
// and then once an hour, until ctx ends. Where several replicas do, all but the
// first find nothing to drop.
func (a *App) cleaning(ctx context.Context) error {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		if err := a.Service.DropReports(ctx, a.opts.Now().Add(-a.opts.Retention)); err != nil && ctx.Err() == nil {
			a.log.LogAttrs(ctx, slog.LevelWarn, "dropping what clients reported long ago; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// proveEvery is how often policies in use are looked at; each is tested when its
// last test is a day old.
const proveEvery = time.Minute

// proving tests the policies of open releases until ctx ends.
func (a *App) proving(ctx context.Context) error {
	tick := time.NewTicker(proveEvery)
	defer tick.Stop()
	for {
		if err := a.Service.ProvePolicies(ctx); err != nil && ctx.Err() == nil {
			a.log.LogAttrs(ctx, slog.LevelWarn, "testing policies in use; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
