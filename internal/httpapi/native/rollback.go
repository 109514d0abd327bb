package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// TakeBackInput says what is to be taken back.
type TakeBackInput struct {
	Build  string     `json:"build,omitempty" doc:"wherever it is served"`
	Agent  string     `json:"agent,omitempty" doc:"what this agent has raised"`
	Since  *time.Time `json:"since,omitempty" doc:"needed with agent: from when on"`
	Reason string     `json:"reason,omitempty"`
	DryRun bool       `json:"dryRun,omitempty" doc:"change nothing, and answer what would be done"`
}

// RollbackStep is what is done to one flag in one environment.
type RollbackStep struct {
	Project     string `json:"project"`
	Flag        string `json:"flag"`
	Environment string `json:"environment"`
	Action      string `json:"action" enum:"roll back the release,call off the release,restore,switch off"`
	Release     string `json:"release,omitempty"`
	From        int    `json:"from" doc:"percent of units, before"`
	To          int    `json:"to" doc:"and after"`
	Units       int64  `json:"units" doc:"how often applications got it in the last 24 hours, as they report it"`
}

// RollbackResult is what was done, or would be.
type RollbackResult struct {
	Steps  []RollbackStep `json:"steps"`
	Record *int64         `json:"record,omitempty" doc:"sequence number of the record that is the parent of those of the steps; absent where nothing was done"`
}

// rollbacks adds what takes back everywhere at once.
func (a api) rollbacks(h huma.API) {
	route(a, h, post("/rollback", "rollback", "Reduce exposure wherever a build, or an agent, has raised it: all of it or nothing"),
		func(ctx context.Context, p control.Principal, in *body[TakeBackInput]) (RollbackResult, error) {
			b := control.Rollback{Build: in.Body.Build, Agent: in.Body.Agent, Reason: in.Body.Reason}
			if in.Body.Since != nil {
				b.Since = *in.Body.Since
			}
			do := a.Service.Rollback
			if in.Body.DryRun {
				do = a.Service.PlanRollback
			}
			done, err := do(ctx, p, b)
			return rollbackOf(done), err
		})
}

func rollbackOf(r control.RollbackResult) RollbackResult {
	out := RollbackResult{Steps: []RollbackStep{}}
	for _, s := range r.Steps {
		out.Steps = append(out.Steps, RollbackStep{
			Project: s.Project, Flag: s.Flag, Environment: s.Environment, Action: s.Action,
			Release: s.Release, From: s.From, To: s.To, Units: s.Units,
		})
	}
	if r.Record >= 0 {
		out.Record = &r.Record
	}
	return out
}
