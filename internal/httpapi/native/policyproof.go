package native

import (
	"context"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// PolicyProof is when a policy was last seen to block known-bad builds.
type PolicyProof struct {
	At     time.Time `json:"at"`
	Blocks bool      `json:"blocks" doc:"every known-bad build was blocked"`
	Builds int       `json:"builds" doc:"known-bad builds that were tried"`
}

func (a api) policyProof(ctx context.Context, r control.ReleaseView) (*PolicyProof, error) {
	p, err := a.Service.Proof(ctx, r)
	if err != nil || p == nil {
		return nil, err
	}
	return &PolicyProof{At: p.At, Blocks: p.Blocks, Builds: len(p.Trials) - 1}, nil
}
