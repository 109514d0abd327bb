package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate/drift"
)

// Drift is how a completed release is watched.
type Drift struct {
	Since     time.Time            `json:"since"`
	Holdback  int                  `json:"holdback" doc:"percent of the units that stay with the old build, as a control"`
	EndedAt   *time.Time           `json:"endedAt,omitempty"`
	Ended     string               `json:"ended,omitempty" doc:"why it is no longer watched"`
	At        *time.Time           `json:"at,omitempty" doc:"when it was looked at last; absent where it was not since this server started"`
	Signals   []drift.Finding      `json:"signals,omitempty"`
	Mixes     map[string]drift.Mix `json:"mixes,omitempty" doc:"how the kinds of cases have shifted since the first 500: a warning, never more"`
	Overflow  int64                `json:"overflow,omitempty" doc:"outcomes that were not watched for want of room"`
	Incidents map[string]string    `json:"incidents,omitempty" doc:"by signal: incidents that are not resolved"`
}

// drift returns how a release is watched; nil where it never was.
func (a api) drift(r control.ReleaseView) *Drift {
	if r.Watch == nil {
		return nil
	}
	policy := r.Plan.PolicyAt(r.Milestone)
	out := &Drift{Since: r.Watch.Since, Holdback: policy.Drift.Holdback, EndedAt: r.Watch.EndedAt, Ended: r.Watch.Ended}
	for signal, alarm := range r.Watch.Alarms {
		if alarm.Resolved {
			continue
		}
		if out.Incidents == nil {
			out.Incidents = map[string]string{}
		}
		out.Incidents[signal] = alarm.Incident
	}
	if s, ok := a.Live.Watch(r.ID); ok && r.Watched() {
		out.At, out.Signals, out.Mixes, out.Overflow = &s.At, s.Findings, s.Mixes, s.Overflow
	}
	return out
}

// IncidentList is a page of incidents, the newest first.
type IncidentList struct {
	Incidents []control.Incident `json:"incidents"`
	Next
}

// IncidentID is the path of one incident. It is exported for huma, which sets it
// through reflection.
type IncidentID struct {
	ID string `path:"id"`
}

type incidentQuery struct {
	Page
	Open bool `query:"open" doc:"only those that are not resolved"`
}

// resolution is what a person says of an incident, whose body may be absent.
type resolution struct {
	IncidentID
	Body *Reason
}

// incidentPages go by the ids, which begin with the time.
var incidentPages = pager[control.Incident]{
	list: "incidents", key: func(in control.Incident) string { return in.ID }, backwards: true,
}

func (a api) incidents(h huma.API) {
	route(a, h, get("/incidents", "listIncidents", "List incidents"),
		func(ctx context.Context, p control.Principal, in *incidentQuery) (IncidentList, error) {
			all, err := a.Service.Incidents(ctx, p, in.Open)
			if err != nil {
				return IncidentList{}, err
			}
			part, next, err := incidentPages.cut(in.Page, all)
			return IncidentList{part, next}, err
		})
	route(a, h, get("/incidents/{id}", "getIncident", "Get an incident"),
		func(ctx context.Context, p control.Principal, in *IncidentID) (control.Incident, error) {
			return a.Service.Incident(ctx, p, in.ID)
		})
	route(a, h, post("/incidents/{id}/resolve", "resolveIncident", "Say that an incident was dealt with"),
		func(ctx context.Context, p control.Principal, in *resolution) (control.Incident, error) {
			var why Reason
			if in.Body != nil {
				why = *in.Body
			}
			return a.Service.ResolveIncident(ctx, p, in.ID, why.Reason)
		})
}
