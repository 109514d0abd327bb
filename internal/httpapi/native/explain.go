package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// ExplainInput asks how a flag is decided for one context.
type ExplainInput struct {
	Flag        string      `json:"flag"`
	Environment string      `json:"environment"`
	Context     EvalContext `json:"context,omitzero"`
	At          time.Time   `json:"at,omitzero" doc:"the configuration of that moment; now where absent"`
}

// EvalContext is what an SDK evaluates a flag for, in the names of its fields
// in constraints.
type EvalContext struct {
	UserID        string            `json:"userId,omitempty"`
	SessionID     string            `json:"sessionId,omitempty"`
	RemoteAddress string            `json:"remoteAddress,omitempty"`
	Environment   string            `json:"environment,omitempty" doc:"the environment that is asked about where absent"`
	AppName       string            `json:"appName,omitempty"`
	CurrentTime   time.Time         `json:"currentTime,omitzero" doc:"the moment that is asked about where absent"`
	Properties    map[string]string `json:"properties,omitempty"`
}

func (a api) explain(h huma.API) {
	route(a, h, post("/explain", "explainFlag", "Say which strategy, constraint, segment or parent decides a flag for a context, now or in the past, and why"),
		func(ctx context.Context, p control.Principal, in *body[ExplainInput]) (control.Explanation, error) {
			return a.Service.Explain(ctx, p, control.Question{
				Flag: in.Body.Flag, Environment: in.Body.Environment, Context: eval.Context(in.Body.Context), At: in.Body.At,
			})
		})
}
