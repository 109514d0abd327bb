package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// StaleFlagList is the flags that are due to be removed from the code.
type StaleFlagList struct {
	Flags []control.StaleFlag `json:"flags" doc:"the most certain first"`
}

func (a api) stale(h huma.API) {
	route(a, h, get("/stale-flags", "listStaleFlags", "List the flags that are due to be removed from the code, with the reasons and their evidence"),
		func(ctx context.Context, p control.Principal, in *flagQuery) (StaleFlagList, error) {
			all, err := a.Service.StaleFlags(ctx, p, in.Project)
			return StaleFlagList{all}, err
		})
}
