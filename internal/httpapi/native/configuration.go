package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// ApplyInput is a configuration, and the plan that was looked at.
type ApplyInput struct {
	control.Configuration

	Digest string `json:"digest,omitempty" doc:"of the plan that is to be carried out, and of no other; any where absent"`
}

// maxConfiguration bounds a whole configuration, in bytes.
const maxConfiguration = 16 * httpapi.MiB

func (a api) configuration(h huma.API) {
	route(a, h, get("/configuration", "getConfiguration", "Get flags and segments as files hold them"),
		func(ctx context.Context, p control.Principal, in *flagQuery) (control.Configuration, error) {
			return a.Service.Configuration(ctx, p, in.Project)
		})
	plan := post("/configuration/plan", "planConfiguration", "Say what would change for a configuration to hold, and what was changed outside the files")
	plan.MaxBodyBytes = maxConfiguration
	route(a, h, plan,
		func(ctx context.Context, p control.Principal, in *body[control.Configuration]) (control.ChangeSet, error) {
			return a.Service.PlanConfiguration(ctx, p, in.Body)
		})
	apply := post("/configuration/apply", "applyConfiguration", "Make a configuration hold, in one transaction")
	apply.MaxBodyBytes = maxConfiguration
	route(a, h, apply,
		func(ctx context.Context, p control.Principal, in *body[ApplyInput]) (control.ChangeSet, error) {
			return a.Service.ApplyConfiguration(ctx, p, in.Body.Configuration, in.Body.Digest)
		})
}
