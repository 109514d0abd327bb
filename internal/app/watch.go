package app

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// watchEvery is how often the log and the state are compared: what is changed
// behind the server's back is found within a minute.
const watchEvery = 30 * time.Second

// watching verifies the log from its beginning, and then what is new and the
// state again and again, until ctx ends.
func (a *App) watching(ctx context.Context) error {
	opts := audit.Options{Parent: control.ParentOf}
	if a.known != nil {
		opts.Known = []audit.Checkpoint{*a.known}
	}
	w := &watch{app: a, follower: audit.NewFollower(opts)}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			a.log.LogAttrs(ctx, slog.LevelWarn, "comparing the log with the state; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watch remembers what was found already.
type watch struct {
	app      *App
	follower *audit.Follower
	told     []audit.Finding
}

// look compares once. What was not found before is logged and recorded; where
// it is the log that is wrong, writes are refused.
func (w *watch) look(ctx context.Context) error {
	var report audit.Report
	err := w.app.store.ViewLog(ctx, func(log audit.FollowedLog) (err error) {
		report, err = w.follower.Follow(log)
		return err
	})
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(report.Findings), func(f audit.Finding) bool {
		return slices.ContainsFunc(w.told, func(t audit.Finding) bool { return same(t, f) })
	})
	for _, f := range fresh {
		w.app.log.LogAttrs(ctx, slog.LevelError, "the log and the state do not agree", slog.String("fault", string(f.Fault)),
			slog.Int64("seq", f.Seq), slog.String("what", f.What))
		if f.Fault.OfLog() {
			w.app.refuse(ctx, f.What)
		}
	}
	if len(fresh) == 0 {
		w.told = report.Findings
		return nil
	}
	if err := w.app.Service.RecordFindings(ctx, control.Auditor(), fresh); err != nil {
		return err
	}
	w.told = report.Findings
	return nil
}

// same reports whether two findings are one: of the head, which moves on, there
// is one.
func same(a, b audit.Finding) bool {
	return a == b || a.Fault == b.Fault && (a.Fault == audit.FaultHead || a.Fault == audit.FaultShort)
}

// alarm takes what a witness has proved: the log is not the one that it saw.
func (a *App) alarm(ctx context.Context, p control.Principal, f audit.Finding) error {
	if a.refused() {
		return nil // it is known already
	}
	a.refuse(ctx, f.What)
	return a.Service.RecordFindings(ctx, p, []audit.Finding{f})
}
