package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/policy"
)

// SimulateInput is an access policy, and since when it is to be tried.
type SimulateInput struct {
	Policy string    `json:"policy" doc:"the policy, in YAML (api/access-policy.schema.json)"`
	Since  time.Time `json:"since"`
}

func (a api) accessPolicy(h huma.API) {
	route(a, h, post("/policy/simulate", "simulatePolicy", "Say which changes of the past another access policy would have decided otherwise"),
		func(ctx context.Context, p control.Principal, in *body[SimulateInput]) (control.Simulation, error) {
			pol, err := policy.Parse("policy", []byte(in.Body.Policy))
			if err != nil {
				return control.Simulation{}, control.Invalidf("policy", "%v", err)
			}
			return a.Service.SimulatePolicy(ctx, p, pol, in.Body.Since)
		})
}
