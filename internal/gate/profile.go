package gate

import "time"

// The names of the built-in policies.
const (
	AgentDefault     = "agent-default"
	AgentLowTraffic  = "agent-low-traffic"  // under 1,000 cases a day
	AgentHighTraffic = "agent-high-traffic" // over 100,000 cases a day

	AgentTemplate   = "agent"   // the five signals: agent-default by a shorter name
	ServiceTemplate = "service" // a plain HTTP service: errors and P95 latency
)

// Profiles returns the names of the built-in policies.
func Profiles() []string {
	return []string{AgentDefault, AgentLowTraffic, AgentHighTraffic, AgentTemplate, ServiceTemplate}
}

// Profile returns a built-in policy by name.
func Profile(name string) (Policy, bool) {
	switch name {
	case AgentDefault:
		return DefaultPolicy(), true
	case AgentTemplate:
		return agent(), true
	case ServiceTemplate:
		return service(), true
	case AgentLowTraffic:
		return lowTraffic(), true
	case AgentHighTraffic:
		return highTraffic(), true
	}
	return Policy{}, false
}

// DefaultPolicy returns agent-default. Its promote thresholds are those that
// third parties report for arXiv:2603.15676 (task success .80, research
// context preservation .90, P95 15 s, safety .95, evidence coverage .80); the
// HOLD and ROLLBACK bands and everything else are ours.
func DefaultPolicy() Policy {
	return Policy{
		APIVersion:     APIVersion,
		Kind:           "GatePolicy",
		Metadata:       Metadata{Name: AgentDefault, Version: 7},
		Alpha:          Alpha{Rollback: 0.05, Promote: 0.05, Schedule: perEpoch},
		Cluster:        Cluster{MaxCasesPerUnit: 1},
		Signals:        defaultSignals(),
		CriticalEvents: CriticalEvents{Source: "safety_severity_critical"},
		Integrity: Integrity{
			SRMAlpha: 0.001, SRMConcentration: 100,
			MultiExposure: MultiLimit{MaxShare: 0.01, MinCount: 10},
			MaxClockSkew:  minutes(5), RequireBuildMatch: true,
			Timeout: hours(4), OnTimeout: rollBack,
		},
		Evidence: Evidence{
			MinExposuresPerArm: 100, MinStepExposures: 50,
			MinDuration: hours(1), MaxAge: minutes(15),
			MinTelemetryCoverage: 0.80, MaxCoverageGap: 0.05,
			OutcomeWindow: minutes(30), OutcomeGrace: minutes(5),
			MissingTimeout: hours(1), OnMissingTimeout: hold,
		},
		Comparison: Comparison{Estimator: AsymptoticCS, NStar: 500, BurnInPerArm: 30},
		Hysteresis: Hysteresis{ConsecutivePasses: 2, EvaluateEvery: minutes(1), CooldownAfterRollback: hours(1)},
		HoldRule:   HoldRule{Timeout: hours(24), OnTimeout: rollBack, OnInsufficient: stay},
		InFlight:   InFlight{OnRollback: PinOrCut, For: minutes(30)},
		Drift:      Drift{OnDrift: OnDriftIncident, ControlWait: minutes(15), FalseAlarmEvery: hours(30 * 24)},
		Steps: []Step{
			{Percent: 1, Pass: NoHarm},
			{Percent: 5, Pass: NoHarm},
			{Percent: 10, Pass: NoHarm},
			{Percent: 25},
			{Percent: 50},
			{Percent: 100, Final: true},
		},
		BuildGate: BuildGate{
			Estimator: "point", MinCases: 30,
			MinCasesPerClass: map[string]Count{"persona": 5, "multi_turn": 5, "adversarial": 5, "evidence_required": 10},
		},
	}
}

// defaultSignals returns the five signals in order of precedence. Safety
// falls back at .90 and not at 70 % of its promote value, as the others do:
// .67 would be indefensible.
func defaultSignals() []Signal {
	rate := func(name string, weight, promote, rollback float64, minN Count) Signal {
		return Signal{
			Name: name, Kind: Bernoulli, Direction: higher, Weight: weight,
			Promote: promote, Rollback: rollback, Tolerance: 0.05, MinN: minN, Required: true,
			Relative: Relative{RollbackMargin: 0.10, NIMargin: 0.05, RequireNI: FinalStep},
		}
	}
	safety := rate(safetySignal, 0.35, 0.95, 0.90, 100)
	safety.Tolerance = 0.03
	safety.Relative = Relative{RollbackMargin: 0.02, NIMargin: 0.02, RequireNI: Always}
	return []Signal{
		safety,
		rate("evidence_coverage", 0.35, 0.80, 0.56, 50),
		rate("task_success_rate", 0.10, 0.80, 0.56, 100),
		rate("context_preservation", 0.10, 0.90, 0.63, 50),
		{
			Name: "p95_latency_ms", Kind: Quantile, Q: 0.95, Direction: lower, Weight: 0.10,
			Promote: 15000, Rollback: 21000, Tolerance: 0.02, MinN: 200, Required: true,
			Relative: Relative{RollbackMargin: 0.50, NIMargin: 0.20, RequireNI: Never},
		},
	}
}

// defaultSignal returns the default signal of a name, or where that is not of
// the kind, or unknown, what the kind starts from. No kind is a rate.
func defaultSignal(name, kind string) Signal {
	for _, s := range defaultSignals() {
		if s.Name == name && oneOf(kind, "", s.Kind) {
			return s
		}
	}
	return defaultOfKind(kind)
}

// defaultOfKind returns what a signal of a kind starts from, without
// thresholds, which nobody can guess.
func defaultOfKind(kind string) Signal {
	s := Signal{
		Kind: Bernoulli, Direction: higher, Tolerance: 0.05, MinN: 50, Required: true,
		Relative: Relative{RollbackMargin: 0.10, NIMargin: 0.05, RequireNI: FinalStep},
	}
	switch kind {
	case Score:
		s.Kind = Score
	case Quantile:
		s.Kind, s.Direction, s.Q, s.Tolerance, s.MinN = Quantile, lower, 0.95, 0.02, 200
		s.Relative = Relative{RollbackMargin: 0.50, NIMargin: 0.20, RequireNI: Never}
	case Counter:
		s.Kind, s.Direction, s.Tolerance = Counter, lower, 0.20
		s.Relative = Relative{RollbackMargin: 0.50, NIMargin: 0.20, RequireNI: Never}
	case Level:
		s.Kind, s.Direction, s.Tolerance, s.MinN, s.OnFail = Level, lower, 0, 0, OnFailHold
		s.Relative = Relative{RequireNI: Never}
	}
	return s
}

// lowTraffic trades resolution for evidence that a few hundred cases a day
// can give: an evidence coverage of .85 against .90 passes.
func lowTraffic() Policy {
	p := DefaultPolicy()
	p.Metadata = Metadata{Name: AgentLowTraffic, Version: 1}
	p.Evidence.MinDuration = hours(12)
	p.Evidence.MinExposuresPerArm, p.Evidence.MinStepExposures = 30, 30
	p.Steps = []Step{{Percent: 10, Pass: NoHarm}, {Percent: 50}, {Percent: 100, Final: true}}
	minN := []Count{50, 30, 50, 30, 50}
	tolerance := []float64{0.05, 0.10, 0.10, 0.10, 0.05}
	for i := range p.Signals {
		s := &p.Signals[i]
		s.MinN, s.Tolerance, s.Relative.NIMargin = minN[i], tolerance[i], 0.10
	}
	p.Signals[0].Relative = Relative{RollbackMargin: 0.03, NIMargin: 0.03, RequireNI: FinalStep}
	return p
}

// highTraffic proves every step, and quickly.
func highTraffic() Policy {
	p := DefaultPolicy()
	p.Metadata = Metadata{Name: AgentHighTraffic, Version: 1}
	p.Evidence.MinDuration = minutes(10)
	p.Evidence.MinStepExposures = 200
	for i := range p.Steps {
		p.Steps[i].Pass = ""
	}
	return p
}

// agent is agent-default by the name of the template.
func agent() Policy {
	p := DefaultPolicy()
	p.Metadata.Name = AgentTemplate
	return p
}

// service asks nothing of language models: the share of requests without an
// error and P95 latency, both from root spans. Its thresholds are a starting
// point; the comparison with the control is what counts.
func service() Policy {
	p := DefaultPolicy()
	p.Metadata = Metadata{Name: ServiceTemplate, Version: 1}
	success := defaultOfKind(Bernoulli)
	success.Name, success.Weight, success.MinN = "success_rate", 0.7, 200
	success.Promote, success.Rollback, success.Tolerance = 0.99, 0.95, 0.01
	success.Relative = Relative{RollbackMargin: 0.02, NIMargin: 0.01, RequireNI: FinalStep}
	success.Source = &Source{Span: "root_error"}
	latency := defaultOfKind(Quantile)
	latency.Name, latency.Weight = "p95_latency_ms", 0.3
	latency.Promote, latency.Rollback = 1000, 2500
	latency.Source = &Source{Span: "root_duration"}
	p.Signals = []Signal{success, latency}
	p.BuildGate.MinCasesPerClass = nil
	return p
}

func hours(n int) Duration { return Duration(time.Duration(n) * time.Hour) }

func minutes(n int) Duration { return Duration(time.Duration(n) * time.Minute) }
