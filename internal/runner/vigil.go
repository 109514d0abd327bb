package runner

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate/drift"
)

// vigil is one release that has ended, as the runner watches it after 100 %, or
// waits for the end of its pin. The runner's loop
// alone writes it; status is read by others too, and is written under the
// runner's lock.
type vigil struct {
	view   control.ReleaseView
	watch  *drift.Watch         // nil where it is to be made from what is stored
	after  int64                // sequence number of the last batch folded
	last   time.Time            // when it was looked at last
	stir   bool                 // evidence has arrived since, of some release
	status *control.WatchStatus // nil before the first
}

// checkpointEvery is how often the state of a watch is stored where nothing
// happens: what a restart folds again is no older.
const checkpointEvery = 24 * time.Hour

// attend brings the list of vigils up to date. What another replica or
// a person wrote replaces what this one has made of the evidence, so that all go
// on from the same. The caller holds mu.
func (r *Runner) attend(serving []control.ReleaseView) {
	before := r.vigils
	r.vigils = make(map[string]*vigil, len(serving))
	for _, view := range serving {
		v := before[view.ID]
		if v == nil {
			v = &vigil{}
		}
		if v.view.Rev < view.Rev {
			v.view, v.watch = view, nil
		}
		r.vigils[view.ID] = v
	}
}

func (r *Runner) watched() []*vigil {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*vigil, 0, len(r.vigils))
	for _, v := range r.vigils {
		out = append(out, v)
	}
	return out
}

// keep folds what has arrived for a watched release, and reports what is new.
func (r *Runner) keep(ctx context.Context, v *vigil) (time.Duration, error) {
	now := r.o.Now()
	if pin := v.view.Pin; pin != nil {
		return r.unpin(ctx, v, pin.Until.Sub(now))
	}
	every := r.o.WatchEvery
	if v.stir {
		every = min(every, r.o.Coalesce) // it may be a critical event
	}
	if wait := v.last.Add(every).Sub(now); v.watch != nil && wait > 0 {
		return wait, nil
	}
	if err := r.wake(ctx, v); err != nil || v.watch == nil {
		return r.o.WatchEvery, err
	}
	if err := r.evidence(ctx, v.view.ID, v.after, v.fold); err != nil {
		return 0, err
	}
	v.last, v.stir = now, false
	if findings, due := v.due(now); due {
		return r.o.WatchEvery, r.report(ctx, v, findings)
	}
	r.show(v, now)
	return r.o.WatchEvery, nil
}

// unpin ends a pin in so long, where another replica has not.
func (r *Runner) unpin(ctx context.Context, v *vigil, wait time.Duration) (time.Duration, error) {
	if wait > 0 {
		return wait, nil
	}
	if _, err := r.o.Service.Unpin(ctx, control.Engine(), v.view.ID); err != nil && control.KindOf(err) != control.Conflict {
		return 0, err
	}
	return r.o.WatchEvery, nil
}

// wake makes a watch from what is stored, where there is none. One that has
// ended meanwhile is left to the next pass.
func (r *Runner) wake(ctx context.Context, v *vigil) error {
	if v.watch != nil {
		return nil
	}
	stored, err := r.o.Service.WatchedRelease(ctx, control.Engine(), v.view.ID)
	if err != nil || !stored.Watched() {
		return err
	}
	policy := stored.Plan.PolicyAt(stored.Milestone)
	v.view, v.after = stored.ReleaseView, 0
	if stored.State != nil {
		v.after = stored.State.After
	}
	v.watch = drift.NewWatch(policy, stored.Reference, stored.Builds(), stored.Watch.Since, stored.State)
	return nil
}

func (v *vigil) fold(batches []control.EvidenceBatch) {
	for _, b := range batches {
		for line := range bytes.Lines(b.Lines) {
			v.watch.Add(line, b.ReceivedAt)
		}
		v.after = b.Seq
	}
}

// due returns the findings, and whether they are to be reported: something else
// is to be done about an alarm, one was dealt with, or the stored state is old.
// Then detectors whose alarm was dealt with, or is but a warning, start anew.
func (v *vigil) due(now time.Time) (findings []drift.Finding, due bool) {
	known := v.view.Watch.Alarms
	due = now.Sub(v.view.Watch.StateAt) >= checkpointEvery
	for _, f := range v.watch.Findings() {
		switch {
		case known[f.Signal].Resolved || due && f.Action == drift.Warn:
			v.watch.Rearm(f.Signal)
			due = true
		case f.Action != "" && f.Action != drift.Warn && f.Action != known[f.Signal].Action:
			due = true
		}
	}
	return v.watch.Findings(), due
}

// report writes what was found. Where the release has moved on, as by another
// replica's report, the watch goes on from what that one wrote.
func (r *Runner) report(ctx context.Context, v *vigil, findings []drift.Finding) error {
	view, err := r.o.Service.ReportWatch(ctx, control.Engine(), control.WatchReport{
		Release: v.view.ID, Rev: v.view.Rev, State: v.watch.State(v.after), Findings: findings,
	})
	if err != nil {
		v.watch = nil
		if control.KindOf(err) == control.Conflict {
			return nil
		}
		return err
	}
	for _, f := range findings {
		if f.Action != "" {
			r.o.Logger.LogAttrs(ctx, slog.LevelWarn, "drift", slog.String("release", view.ID),
				slog.String("signal", f.Signal), slog.String("action", string(f.Action)))
		}
	}
	v.view = view
	r.show(v, v.last)
	return nil
}

// show tells others what was found.
func (r *Runner) show(v *vigil, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v.status = &control.WatchStatus{At: now, Findings: v.watch.Findings(), Mixes: v.watch.Mixes(), Overflow: v.watch.Overflow()}
}

// Watch returns what is known of a release that is watched.
func (r *Runner) Watch(release string) (control.WatchStatus, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if v := r.vigils[release]; v != nil && v.status != nil {
		return *v.status, true
	}
	return control.WatchStatus{}, false
}
