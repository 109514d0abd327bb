package mcpserver

import (
	"cmp"
	"context"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

type flagStateInput struct {
	FeatureName string `json:"featureName"`
	Environment string `json:"environment"`
	ProjectID   string `json:"projectId"`
}

type flagState struct {
	FeatureName  string            `json:"featureName"`
	ProjectID    string            `json:"projectId"`
	Type         string            `json:"type"`
	Owner        string            `json:"owner,omitempty"`
	Expires      string            `json:"expires,omitempty"`
	Stale        bool              `json:"stale"`
	Revision     int64             `json:"revision"`
	Environments []environment     `json:"environments"`
	Untrusted    map[string]quoted `json:"untrusted_text,omitempty"`
}

type environment struct {
	Name            string     `json:"name"`
	Enabled         bool       `json:"enabled"`
	ExposurePercent float64    `json:"exposurePercent"` // at most, whatever constraints and segments say
	Strategies      []strategy `json:"strategies"`
	Release         string     `json:"release,omitempty"`
}

// strategy is a rule without the values that it compares with: they may be
// people's, and a model has no use for them.
type strategy struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Disabled    bool              `json:"disabled,omitempty"`
	Parameters  map[string]string `json:"parameters,omitempty"`
	Constraints int               `json:"constraints,omitempty"` // how many
	Segments    []int             `json:"segments,omitempty"`
}

func (s *Server) flagState(ctx context.Context, c *call, in flagStateInput) (any, error) {
	out, err := s.readFlag(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readFlag reads one flag, in one environment where one is named.
func (s *Server) readFlag(ctx context.Context, c *call, in flagStateInput) (*flagState, error) {
	d, err := c.FlagDraft(ctx, c.principal, in.ProjectID, in.FeatureName)
	if err != nil {
		return nil, err
	}
	v := d.View
	out := &flagState{
		FeatureName: v.Name, ProjectID: v.Project, Type: v.Type, Owner: cmp.Or(v.Owner, v.CreatedBy), Stale: v.Stale,
		Revision: d.Revision, Environments: []environment{}, Untrusted: map[string]quoted{},
	}
	if out.Expires, err = s.expiry(ctx, c, v.Flag); err != nil {
		return nil, err
	}
	if v.Description != "" {
		out.Untrusted["description"] = quoted{short(v.Description), v.CreatedBy}
	}
	for _, fe := range v.Environments {
		if in.Environment != "" && fe.Environment != in.Environment {
			continue
		}
		one, err := s.environmentOf(ctx, c, v, fe)
		if err != nil {
			return nil, err
		}
		out.Environments = append(out.Environments, one)
	}
	if in.Environment != "" && len(out.Environments) == 0 {
		return nil, control.Errorf(control.NotFound, "not_found", "project %q has no environment %q", v.Project, in.Environment)
	}
	return out, nil
}

func (s *Server) environmentOf(ctx context.Context, c *call, v control.FlagView, fe control.FlagEnv) (environment, error) {
	out := environment{
		Name: fe.Environment, Enabled: fe.Enabled, ExposurePercent: percentOf(fe),
		Strategies: []strategy{}, Release: v.Releases[fe.Environment],
	}
	for _, st := range fe.Strategies {
		out.Strategies = append(out.Strategies, strategy{st.ID, st.Name, st.Disabled, st.Parameters, len(st.Constraints), st.Segments})
	}
	if out.Release == "" {
		return out, nil
	}
	r, err := c.Release(ctx, c.principal, out.Release)
	out.ExposurePercent = max(out.ExposurePercent, float64(r.Percent()))
	return out, err
}

// expiry is the day on which a flag is past its lifetime, or its type's, empty
// where it has none.
func (s *Server) expiry(ctx context.Context, c *call, f control.Flag) (string, error) {
	born := f.CreatedAt
	if f.RevivedAt != nil {
		born = *f.RevivedAt
	}
	if f.LifetimeDays > 0 {
		return born.AddDate(0, 0, f.LifetimeDays).UTC().Format(time.DateOnly), nil
	}
	types, err := c.FlagTypes(ctx)
	if err != nil {
		return "", err
	}
	for _, t := range types {
		if t.ID == f.Type && t.LifetimeDays != nil {
			return born.AddDate(0, 0, *t.LifetimeDays).UTC().Format(time.DateOnly), nil
		}
	}
	return "", nil
}
