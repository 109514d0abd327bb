package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate/drift"
)

// KindIncident is something that a person must look at.
const KindIncident ResourceKind = "incident"

// Incidents are listed under whether they are still open.
const (
	incidentsOpen     = "open"
	incidentsResolved = "resolved"
)

// The kinds of incidents.
const (
	IncidentDrift    = "drift"    // an alarm of a detector
	IncidentCritical = "critical" // critical events after 100 %
)

// Incident is what went wrong with a release, until a person says that it was
// dealt with.
type Incident struct {
	ID          string         `json:"id"`
	Kind        string         `json:"kind"` // IncidentDrift or IncidentCritical
	Release     string         `json:"release"`
	Project     string         `json:"project"`
	Flag        string         `json:"flag"`
	Environment string         `json:"environment"`
	Build       string         `json:"build"`
	Signal      string         `json:"signal"`
	Action      drift.Action   `json:"action"`  // what was done about it
	Finding     *drift.Finding `json:"finding"` // what it was opened or updated on
	OpenedAt    time.Time      `json:"openedAt"`
	ResolvedAt  *time.Time     `json:"resolvedAt,omitempty"`
	ResolvedBy  string         `json:"resolvedBy,omitempty"`
	Note        string         `json:"note,omitempty"` // of whoever resolved it
}

// scope is where the incident happened.
func (i Incident) scope() Scope { return Scope{Project: i.Project, Environment: i.Environment} }

// alarm opens the incident of an alarm, or updates the one that it has, if
// something else is done about it by now.
func (w *work) alarm(r *Release, had WatchAlarm, f *drift.Finding) (WatchAlarm, error) {
	if had.Incident != "" && had.Action == f.Action {
		return had, nil
	}
	lead := r.Serving()[0]
	in := Incident{
		ID: newID("inc-", w.now), Kind: IncidentDrift, Release: r.ID, Project: lead.Project, Flag: lead.Flag,
		Environment: r.Environment, Build: lead.Build, Signal: f.Signal, OpenedAt: w.now,
	}
	if f.Signal == drift.CriticalEvents {
		in.Kind = IncidentCritical
	}
	typ := "incident.opened"
	if had.Incident != "" {
		var err error
		if in, err = get[Incident](w, KindIncident, had.Incident); err != nil {
			return had, err
		}
		typ = "incident.updated"
	}
	in.Action, in.Finding = f.Action, f
	return WatchAlarm{Incident: in.ID, Action: f.Action, Resolved: had.Resolved}, w.putIncident(typ, in, r.cause())
}

func (w *work) putIncident(typ string, in Incident, cause audit.Correlation) error {
	cause.Incident = in.ID
	return w.put(event{Type: typ, Kind: KindIncident, Key: in.ID, Project: in.Project, Env: in.Environment, Doc: in, Cause: cause})
}

// Incident returns one incident.
func (s *Service) Incident(ctx context.Context, p Principal, id string) (Incident, error) {
	var out Incident
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = incidentOf(tx, id)
		return err
	})
	if err == nil {
		err = p.sees(out.scope(), "incident", id)
	}
	if err != nil {
		return Incident{}, err
	}
	return out, nil
}

func incidentOf(tx ReadTx, id string) (Incident, error) {
	in, err := get[Incident](tx, KindIncident, id)
	return in, asMissing(err, "incident", id)
}

// Incidents lists the incidents that p may read, the newest first; those that
// are not resolved only where open is set.
func (s *Service) Incidents(ctx context.Context, p Principal, open bool) ([]Incident, error) {
	parent := ""
	if open {
		parent = incidentsOpen
	}
	var out []Incident
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Incident](tx, KindIncident, parent)
		for _, in := range all {
			if p.May(PermRead, in.scope()) == nil {
				out = append(out, in)
			}
		}
		return err
	})
	slices.Reverse(out)
	return out, err
}

// ResolveIncident says that an incident was dealt with. Where its release is
// still watched, the detectors of its signal are started anew. Resolving it again
// changes nothing.
func (s *Service) ResolveIncident(ctx context.Context, p Principal, id, note string) (Incident, error) {
	var out Incident
	err := s.write(ctx, p, Normal, func(w *work) error {
		in, err := incidentOf(w, id)
		if err != nil {
			return err
		}
		if err := w.mayOn(in.scope(), "incident", id, PermReleaseStop); err != nil {
			return err
		}
		if out = in; in.ResolvedAt != nil {
			return nil
		}
		in.ResolvedAt, in.ResolvedBy, in.Note = &w.now, p.ID, note
		out = in
		if err := w.putIncident("incident.resolved", in, audit.Correlation{Rollout: in.Release, Build: in.Build}); err != nil {
			return err
		}
		return w.dealtWith(in)
	})
	return out, err
}

// dealtWith notes with a release that is still watched that an incident of its
// was resolved.
func (w *work) dealtWith(in Incident) error {
	r, err := releaseOf(w, in.Release)
	if err != nil || !r.Watched() || r.Watch.Alarms[in.Signal].Incident != in.ID {
		return present(err)
	}
	alarm := r.Watch.Alarms[in.Signal]
	alarm.Resolved = true
	r.Watch.Alarms[in.Signal] = alarm
	return w.putRelease("release.watch", r.Release, audit.Decision{})
}
