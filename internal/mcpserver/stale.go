package mcpserver

import (
	"context"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

type staleInput struct {
	Environment string `json:"environment"`
	Limit       int    `json:"limit"`
	Cursor      string `json:"cursor"`
	ProjectID   string `json:"projectId"`
}

type staleFlags struct {
	Flags      []staleFlag `json:"flags"`
	NextCursor string      `json:"nextCursor,omitempty"`
}

type staleFlag struct {
	FeatureName   string   `json:"featureName"`
	Reason        string   `json:"reason"`
	Keep          string   `json:"keep"` // empty where nothing tells
	LastEvaluated string   `json:"lastEvaluated,omitempty"`
	Blockers      []string `json:"blockers,omitempty"`
}

// defaultStale is how many flags are listed where no limit is given.
const defaultStale = 20

// staleReasons are the reasons of control in the words of list_stale_flags: what
// people or releases have finished has settled.
var staleReasons = map[control.StaleReason]string{
	control.StaleCompleted: "settled", control.StaleReleased: "settled", control.StaleSettled: "settled", control.StaleMarked: "settled",
	control.StaleExpired: "expired", control.StaleUnused: "unused",
}

// staleFlags lists flags that are due to be removed, the most certain first. The
// cursor is the name of the last one on the page before.
func (s *Server) staleFlags(ctx context.Context, c *call, in staleInput) (any, error) {
	all, err := c.StaleFlags(ctx, c.principal, in.ProjectID)
	if err != nil {
		return nil, err
	}
	if in.Environment != "" {
		all = slices.DeleteFunc(all, func(f control.StaleFlag) bool {
			return !slices.ContainsFunc(f.Environments, func(e control.StaleEnvironment) bool { return e.Name == in.Environment })
		})
	}
	if in.Cursor != "" {
		last := slices.IndexFunc(all, func(f control.StaleFlag) bool { return f.Flag == in.Cursor })
		if last < 0 {
			return nil, control.Invalidf("cursor", "%q is on the list no longer: begin again without a cursor", in.Cursor)
		}
		all = all[last+1:]
	}
	limit := in.Limit
	if limit == 0 {
		limit = defaultStale
	}
	out := staleFlags{Flags: []staleFlag{}}
	for _, f := range all[:min(limit, len(all))] {
		out.Flags = append(out.Flags, staleFlagOf(f))
	}
	if len(all) > limit {
		out.NextCursor = all[limit-1].Flag
	}
	return out, nil
}

func staleFlagOf(f control.StaleFlag) staleFlag {
	out := staleFlag{FeatureName: f.Flag, Reason: staleReasons[f.Reasons[0]], Keep: f.Keep, Blockers: f.Blockers}
	if f.LastSeenAt != nil {
		out.LastEvaluated = f.LastSeenAt.UTC().Format(time.RFC3339)
	}
	return out
}
