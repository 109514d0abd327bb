package demo

import (
	"fmt"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// shortened is a duration of the policy that the demo cannot wait for.
type shortened struct {
	name     string
	from, to gate.Duration
}

// plan is agent-default's with its durations shortened, and nothing else.
func plan(step time.Duration) (gate.Plan, []shortened) {
	p, _ := gate.Profile(gate.AgentDefault)
	p.Metadata.Name = "agent-demo"
	var changes []shortened
	set := func(name string, d *gate.Duration, to time.Duration) {
		changes = append(changes, shortened{name, *d, gate.Duration(to)})
		*d = gate.Duration(to)
	}
	set("evidence.min_duration", &p.Evidence.MinDuration, step)
	set("hysteresis.evaluate_every", &p.Hysteresis.EvaluateEvery, time.Second)
	set("evidence.outcome_window", &p.Evidence.OutcomeWindow, 20*time.Second)
	set("evidence.outcome_grace", &p.Evidence.OutcomeGrace, 3*time.Second)
	set("evidence.max_age", &p.Evidence.MaxAge, 10*time.Second)
	set("evidence.missing_timeout", &p.Evidence.MissingTimeout, time.Minute)
	set("hold.timeout", &p.HoldRule.Timeout, 5*time.Minute)
	return gate.PlanOf(p), changes
}

// describe prints the changes on one line each.
func describe(changes []shortened) []string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%-28s %5s -> %s", c.name, c.from, c.to))
	}
	return out
}
