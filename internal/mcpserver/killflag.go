package mcpserver

import (
	"context"
	"log/slog"

	"github.com/lockflight/lockflight/internal/control"
)

type killFlagInput struct {
	writing
	FeatureName string `json:"featureName"`
	Environment string `json:"environment"`
	Reason      string `json:"reason"`
	ProjectID   string `json:"projectId"`
}

type killedFlag struct {
	Status         string  `json:"status"`
	Revision       int64   `json:"revision"`
	ExposureBefore float64 `json:"exposureBefore"`
	ExposureAfter  float64 `json:"exposureAfter"`
}

// killFlag switches a flag off in one environment, and rolls back the release
// that runs there. It only ever lowers exposure, so that no plan is asked for.
func (s *Server) killFlag(ctx context.Context, c *call, in killFlagInput) (any, error) {
	read := flagStateInput{FeatureName: in.FeatureName, Environment: in.Environment, ProjectID: in.ProjectID}
	before, err := s.exposureIn(ctx, c, read)
	if err != nil {
		return nil, err
	}
	out := killedFlag{Status: "already", Revision: before.revision, ExposureBefore: before.ExposurePercent}
	if !before.Enabled && before.Release == "" {
		return out, nil
	}
	ref := control.Ref{Project: before.project, Flag: in.FeatureName, Environment: in.Environment}
	if _, err := c.SetEnabled(ctx, c.principal, ref, false); err != nil {
		return nil, err
	}
	out.Status = in.status()
	if in.DryRun {
		return out, nil
	}
	s.Logger.InfoContext(ctx, "an agent has killed a flag", slog.String("flag", in.FeatureName),
		slog.String("environment", in.Environment), slog.String("by", c.principal.ID), slog.String("reason", short(in.Reason)))
	after, err := s.exposureIn(ctx, c, read)
	out.Revision, out.ExposureAfter = after.revision, after.ExposurePercent
	return out, err
}

// exposed is one environment of a flag, and which state of the flag it is of.
type exposed struct {
	environment

	project  string
	revision int64
}

func (s *Server) exposureIn(ctx context.Context, c *call, in flagStateInput) (exposed, error) {
	state, err := s.readFlag(ctx, c, in)
	if err != nil {
		return exposed{}, err
	}
	return exposed{state.Environments[0], state.ProjectID, state.Revision}, nil
}
