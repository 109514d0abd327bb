package native

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// FlagVersion is one version of a flag's configuration in one environment.
type FlagVersion struct {
	Revision      int64                `json:"revision" doc:"from 1"`
	At            time.Time            `json:"at"`
	Event         string               `json:"event,omitempty" doc:"what was done, as the audit log names it"`
	By            audit.Party          `json:"by" doc:"who did it; empty where the record is not known"`
	Record        int64                `json:"record" doc:"sequence number of its record in the audit log; -1 where it is not known"`
	Differences   []control.Difference `json:"differences" doc:"from the version before"`
	Configuration control.FlagEnv      `json:"configuration"`
}

// FlagHistory is a page of versions, the newest first.
type FlagHistory struct {
	Versions []FlagVersion `json:"versions"`
	Next
}

type historyQuery struct {
	FlagEnvPath
	Page
	Before int64 `query:"before" minimum:"0" doc:"only versions before this revision"`
}

// RestoreInput names the version that is wanted back.
type RestoreInput struct {
	Revision int64 `json:"revision" minimum:"1"`
}

type restoreRequest struct {
	FlagEnvPath
	Body RestoreInput
}

func (a api) history(h huma.API) {
	const at = "/flags/{flag}/environments/{environment}"
	route(a, h, get(at+"/history", "listFlagVersions", "List the versions of a flag's configuration in one environment"), a.versions)
	write(a, h, post(at+"/restore", "restoreFlag", "Make an earlier version of a flag's configuration in one environment the current one"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *restoreRequest) (Flag, error) {
			v, err := s.RestoreFlag(ctx, p, in.ref(), in.Body.Revision)
			return flagOf(v), err
		})
}

func (a api) versions(ctx context.Context, p control.Principal, in *historyQuery) (FlagHistory, error) {
	const list = "history"
	before := in.Before
	after, resumed, err := resumeAt(in.Page, list)
	if resumed {
		before = after
	}
	if err != nil {
		return FlagHistory{}, err
	}
	all, err := a.Service.FlagHistory(ctx, p, in.ref(), before, in.Limit)
	out := FlagHistory{Versions: []FlagVersion{}}
	for _, v := range all {
		out.Versions = append(out.Versions, FlagVersion{
			Revision: v.Rev, At: v.At, Event: v.Event, By: audit.Party{Kind: v.By.Kind, ID: v.By.ID},
			Record: v.Record, Differences: v.Differences, Configuration: v.Config,
		})
		if v.Rev > 1 && len(out.Versions) == in.Limit {
			out.Next = nextAfter(list, strconv.FormatInt(v.Rev, 10))
		}
	}
	return out, err
}
