package control

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/drift"
)

// Watch is how a completed release is watched. A flag leaves it when it is
// configured otherwise there, switched off for example: what is served is then
// no longer the release's. The last one that leaves ends it.
type Watch struct {
	Since           time.Time             `json:"since"`
	ReferenceSHA256 string                `json:"referenceSha256"`       // a stored drift.Reference
	StateSHA256     string                `json:"stateSha256,omitempty"` // a stored drift.State, from which a runner goes on
	StateAt         time.Time             `json:"stateAt"`
	Folded          time.Time             `json:"folded"`           // evidence received before then is in the state, or of no use
	Alarms          map[string]WatchAlarm `json:"alarms,omitempty"` // by signal: those that were acted on
	Flags           map[string]int64      `json:"flags"`            // those that are watched: the revision of each one's configuration before the release, 0 where there was none
	EndedAt         *time.Time            `json:"endedAt,omitempty"`
	Ended           string                `json:"ended,omitempty"` // why
}

// WatchAlarm is a drift alarm that was acted on.
type WatchAlarm struct {
	Incident string       `json:"incident"`
	Action   drift.Action `json:"action"`
	Resolved bool         `json:"resolved,omitempty"` // its detectors are to be started anew
}

// Watched tells whether a completed release is watched.
func (r Release) Watched() bool {
	return r.State == Completed && r.Watch != nil && r.Watch.EndedAt == nil
}

// watches tells whether a flag is, or was when it ended, part of the watch.
func (r Release) watches(flag string) bool {
	_, in := r.Watch.Flags[flag]
	return in
}

// firstCases is the shortest time over which the cases of a day are estimated.
const firstCases = time.Hour

// beginWatch freezes what the release has shown, and watches it from here on.
// Where it has shown nothing there is nothing to watch.
func (w *work) beginWatch(r *Release) error {
	snapshot, err := w.lastSnapshot(r)
	if err != nil || snapshot == nil {
		return err
	}
	policy := r.policy()
	ref := drift.Freeze(&policy, *snapshot, w.pace(r, snapshot))
	if len(ref.Signals) == 0 {
		return nil
	}
	watch := Watch{Since: w.now, StateAt: w.now, Folded: w.now}
	if watch.ReferenceSHA256, err = w.putBlob(ref); err != nil {
		return err
	}
	watch.Flags = map[string]int64{}
	for _, one := range r.Each() {
		before, err := w.Resource(KindFlagEnv, one.Ref().key())
		if err := present(err); err != nil {
			return err
		}
		watch.Flags[one.Flag] = before.Rev
	}
	r.Watch = &watch
	return nil
}

// lastSnapshot returns the evidence that the gate decided on last; nil where it
// never did. What a person decided has none of its own.
func (w *work) lastSnapshot(r *Release) (*gate.Snapshot, error) {
	v := r.Verdict
	if v == nil || v.SnapshotSHA256 == "" {
		stored, err := releaseOf(w, r.ID)
		if v = stored.Verdict; err != nil || v == nil || v.SnapshotSHA256 == "" {
			return nil, err
		}
	}
	doc, err := blob[evidenceDoc](w, v.SnapshotSHA256)
	return &doc.Snapshot, err
}

// pace estimates how many cases a day brings: as forecast or, without a
// forecast, from those of the last milestone.
func (w *work) pace(r *Release, s *gate.Snapshot) float64 {
	if r.Forecast != nil {
		return r.Forecast.CasesPerDay
	}
	last := r.Plan.Milestones[max(r.Milestone-1, 0)]
	if s.Exposures.Step == nil || last.Percent == 0 {
		return 0
	}
	lasted := max(s.Window.To.Sub(r.ChangedAt), firstCases)
	return float64(s.Exposures.Step.Treatment) * 100 / float64(last.Percent) * float64(day) / float64(lasted)
}

// blob reads a stored document.
func blob[T any](tx ReadTx, sum string) (T, error) {
	var out T
	doc, err := tx.Blob(sum)
	if err == nil {
		err = json.Unmarshal(doc, &out)
	}
	if err != nil {
		return out, fmt.Errorf("reading %s: %w", sum, err)
	}
	return out, nil
}

// fallBack makes the configuration of flags again what it was before a completed
// release, where they are still watched and so nobody has touched it since. Of
// an open release there is nothing to undo.
func (w *work) fallBack(r *Release, parts []Release) error {
	if r.Watch == nil || r.Watch.EndedAt != nil {
		return nil
	}
	for _, one := range parts {
		before, err := configAt(w, one.Ref(), r.Watch.Flags[one.Flag])
		if err != nil {
			return err
		}
		if err := w.putEnv("flag.env.restore", one.Ref(), before, one.cause()); err != nil {
			return err
		}
	}
	return nil
}

// unwatch takes a flag out of a watch, and ends it with the last. It leaves
// Release.Watch as others may hold it.
func (r *Release) unwatch(flag string, now time.Time, why string) {
	watch := *r.Watch
	watch.Flags = maps.Clone(watch.Flags)
	delete(watch.Flags, flag)
	if r.Watch = &watch; len(watch.Flags) == 0 {
		r.endWatch(now, why)
	}
}

// endWatch ends a watch. It leaves Release.Watch as others may hold it.
func (r *Release) endWatch(now time.Time, why string) {
	watch := *r.Watch
	watch.EndedAt, watch.Ended = &now, why
	r.Watch = &watch
}

// reconfigured takes a flag out of the watch of a release whose strategy was in
// its configuration, which is written by somebody else.
func (w *work) reconfigured(old Resource, cause audit.Correlation) error {
	if old.Rev == 0 {
		return nil
	}
	fe, err := decode[FlagEnv](old)
	if err != nil {
		return err
	}
	for _, st := range fe.Strategies {
		if !strings.HasPrefix(st.ID, releasePrefix) || st.ID == cause.Rollout {
			continue
		}
		r, err := releaseOf(w, st.ID)
		if err := present(err); err != nil {
			return err
		}
		if !r.Watched() || !r.watches(fe.Flag) || r.Environment != fe.Environment {
			continue
		}
		r.unwatch(fe.Flag, w.now, "the flag was configured otherwise")
		if err := w.changed(&r.Release); err != nil {
			return err
		}
		if err := w.putRelease("release.watch.end", r.Release, audit.Decision{}); err != nil {
			return err
		}
	}
	return nil
}

// servingReleases returns the releases of an environment that change what is
// served there, by flag: the open one, else the last that is watched or pins
// conversations.
func servingReleases(tx ReadTx, env string) (map[string]*Release, error) {
	out := map[string]*Release{}
	for _, parent := range []string{releasesServing, releasesOpen} {
		all, err := list[Release](tx, KindRelease, parent)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if r.Environment != env {
				continue
			}
			for _, one := range r.Serving() {
				out[one.Flag] = &one
			}
		}
	}
	return out, nil
}

// WatchedRelease is a completed release with what its watch is made of.
type WatchedRelease struct {
	ReleaseView
	Reference drift.Reference
	State     *drift.State // nil before the first was written
}

// WatchedRelease returns what a runner needs to watch a release: its reference,
// and the state from which to go on.
func (s *Service) WatchedRelease(ctx context.Context, p Principal, id string) (WatchedRelease, error) {
	var out WatchedRelease
	view, err := s.Release(ctx, p, id)
	if err != nil {
		return out, err
	}
	out.ReleaseView = view
	if view.Watch == nil {
		return out, Errorf(NotFound, "not_watched", "release %s is not watched", id)
	}
	err = s.store.View(ctx, func(tx ReadTx) (err error) {
		if out.Reference, err = blob[drift.Reference](tx, view.Watch.ReferenceSHA256); err != nil || view.Watch.StateSHA256 == "" {
			return err
		}
		state, err := blob[drift.State](tx, view.Watch.StateSHA256)
		out.State = &state
		return err
	})
	return out, err
}

// WatchReport is what a runner has found of a watched release.
type WatchReport struct {
	Release  string
	Rev      int64 // of the release that was watched; a later one is a Conflict
	State    drift.State
	Findings []drift.Finding
}

// ReportWatch keeps the state of a watch, opens an incident for each alarm that
// acts and has none, and falls back where a finding says so. The release's
// revision is rechecked inside the transaction: of two replicas that report at
// once, the second gets a Conflict.
func (s *Service) ReportWatch(ctx context.Context, p Principal, in WatchReport) (ReleaseView, error) {
	pri := Normal
	for _, f := range in.Findings {
		if f.Action == drift.FallBack {
			pri = Urgent
		}
	}
	return s.operate(ctx, p, pri, []Permission{PermReleasePromote}, in.Release, func(w *work, r *ReleaseView) error {
		if r.Rev != in.Rev || !r.Watched() {
			return Errorf(Conflict, "release_moved_on", "release %s is at revision %d, not %d, or no longer watched", r.ID, r.Rev, in.Rev)
		}
		watch := *r.Watch
		var err error
		if watch.StateSHA256, err = w.putBlob(in.State); err != nil {
			return err
		}
		watch.StateAt, watch.Alarms = w.now, map[string]WatchAlarm{}
		if in.State.Clock.After(watch.Folded) {
			watch.Folded = in.State.Clock
		}
		var falls *drift.Finding
		for i := range in.Findings {
			f := &in.Findings[i]
			if f.Action == "" || f.Action == drift.Warn {
				continue
			}
			if f.Action == drift.FallBack && falls == nil {
				falls = f
			}
			if watch.Alarms[f.Signal], err = w.alarm(&r.Release, r.Watch.Alarms[f.Signal], f); err != nil {
				return err
			}
		}
		r.Watch = &watch
		if falls == nil {
			return w.putRelease("release.watch", r.Release, audit.Decision{})
		}
		reason, note := DriftReason+falls.Signal, "it drifts, and its control is not seen to"
		if falls.Signal == drift.CriticalEvents {
			reason, note = gate.CriticalEvent, "a critical event after 100 %"
		}
		r.byHand(w, gate.Rollback, reason, note)
		return w.advance(&r.Release, gate.Rollback, "")
	})
}

// DriftReason begins the reason of a release that fell back after 100 %; the
// signal follows.
const DriftReason = "DRIFT:"

// WatchStatus is what is known of a release after 100 % now.
type WatchStatus struct {
	At       time.Time
	Findings []drift.Finding
	Mixes    map[string]drift.Mix // how the kinds of cases have shifted, by what tells them apart
	Overflow int64                // outcomes that were not watched for want of room
}
