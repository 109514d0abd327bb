package gate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Words of a policy.
const (
	higher = "higher"
	lower  = "lower"

	rollBack = "rollback"
	stay     = "stay"
	hold     = "hold" // the same as stay

	perEpoch = "per_epoch"
	halving  = "halving"

	safetySignal   = "safety_pass_rate"
	coverageSignal = "evidence_coverage"
	exposureSignal = "exposure"
)

// epsilon is the slack of comparisons between numbers that people wrote: .95
// less .90 is not .05 in binary.
const epsilon = 1e-9

// ParsePolicy reads a policy from JSON over the defaults of agent-default and
// validates it. A list of signals replaces the default list; within one, what
// is absent comes from the default signal of that name. The error is a
// *FieldError, with POLICY_INVALID and the path in its text.
func ParsePolicy(data []byte) (Policy, error) {
	p, err := parsePolicy(data)
	if err != nil {
		return Policy{}, fmt.Errorf("POLICY_INVALID: %w", err)
	}
	return p, nil
}

func parsePolicy(data []byte) (Policy, error) {
	p := DefaultPolicy()
	p.Metadata = Metadata{Name: "unnamed"}
	defaults := p
	p.Signals, p.Steps = nil, nil // a list replaces the default; decoding into it would mix the two
	if err := decodeStrict(data, &p); err != nil {
		return Policy{}, err
	}
	if p.Signals == nil {
		p.Signals = defaults.Signals
	}
	if p.Steps == nil {
		p.Steps = defaults.Steps
	}
	return p, p.Validate()
}

// check is one rule of a policy: what must hold of a field.
type check struct {
	ok    bool
	field string
	msg   string
}

// firstFault returns the first rule that does not hold.
func firstFault(checks []check) error {
	for _, c := range checks {
		if !c.ok {
			return wrongField(c.field, c.msg)
		}
	}
	return nil
}

// Validate says whether a policy can be decided by; its error is a
// *FieldError. Decide holds under a policy that is not valid.
func (p *Policy) Validate() error {
	if err := firstFault(p.checks()); err != nil {
		return err
	}
	if err := p.validateSignals(); err != nil {
		return err
	}
	if err := p.validateRules(); err != nil {
		return err
	}
	if err := p.validateDrift(); err != nil {
		return err
	}
	for i, s := range p.Steps {
		if s.Pass == ByApproval {
			return wrongField("steps["+strconv.Itoa(i)+"].pass", "approval needs a ReleasePlan: a policy's steps have no approvals")
		}
	}
	return validateSteps("steps", p.Steps)
}

func (p *Policy) checks() []check {
	e, in, h := p.Evidence, p.Integrity, p.Hysteresis
	return []check{
		{p.APIVersion == APIVersion, "apiVersion", "want " + APIVersion},
		{p.Kind == "GatePolicy", "kind", "want GatePolicy"},
		{p.Metadata.Name != "", "metadata.name", "must not be empty"},
		{isAlpha(p.Alpha.Rollback), "alpha.rollback", "want a probability above 0 and below 0.5"},
		{isAlpha(p.Alpha.Promote), "alpha.promote", "want a probability above 0 and below 0.5"},
		{oneOf(p.Alpha.Schedule, perEpoch, halving), "alpha.schedule", "want per_epoch or halving"},
		{p.Cluster.MaxCasesPerUnit >= 1 && p.Cluster.MaxCasesPerUnit <= 100, "cluster.max_cases_per_unit", "want 1 to 100"},
		{p.Cluster.DesignEffect == 0 || p.Cluster.DesignEffect >= 1 && isFinite(p.Cluster.DesignEffect), "cluster.design_effect", "want 1 or more"},
		{p.CriticalEvents.Source == "safety_severity_critical", "critical_events.source", "want safety_severity_critical"},
		{p.CriticalEvents.Max >= 0, "critical_events.max", "want 0 or more"},
		{isAlpha(in.SRMAlpha), "integrity.srm_alpha", "want a probability above 0 and below 0.5"},
		{in.SRMConcentration > 0 && isFinite(in.SRMConcentration), "integrity.srm_concentration", "want more than 0"},
		{isShare(in.MultiExposure.MaxShare), "integrity.multi_exposure.max_share", "want a share from 0 to 1"},
		{in.MultiExposure.MinCount >= 1, "integrity.multi_exposure.min_count", "want 1 or more"},
		{in.MaxClockSkew >= 0, "integrity.max_clock_skew", "want 0s or more"},
		{in.Timeout > 0, "integrity.timeout", "want more than 0s"},
		{isTimeoutRule(in.OnTimeout), "integrity.on_timeout", "want rollback or stay"},
		{e.MinExposuresPerArm >= 0, "evidence.min_exposures_per_arm", "want 0 or more"},
		{e.MinStepExposures >= 0, "evidence.min_step_exposures", "want 0 or more"},
		{e.MinDuration >= 0, "evidence.min_duration", "want 0s or more"},
		{e.MaxAge > 0, "evidence.max_age", "want more than 0s"},
		{isShare(e.MinTelemetryCoverage), "evidence.min_telemetry_coverage", "want a share from 0 to 1"},
		{isShare(e.MaxCoverageGap), "evidence.max_coverage_gap", "want a share from 0 to 1"},
		{e.OutcomeWindow > 0, "evidence.outcome_window", "want more than 0s"},
		{e.OutcomeGrace >= 0, "evidence.outcome_grace", "want 0s or more"},
		{e.MissingTimeout > 0, "evidence.missing_timeout", "want more than 0s"},
		{isTimeoutRule(e.OnMissingTimeout), "evidence.on_missing_timeout", "want hold or rollback"},
		{oneOf(p.Comparison.Estimator, AsymptoticCS, Betting), "comparison.estimator", "want asymptotic_cs or betting"},
		{p.Comparison.Estimator != Betting || p.Cluster.DesignEffect <= 1, "cluster.design_effect", "want 1 with comparison.estimator betting: a bet on correlated cases is not made right by counting fewer"},
		{p.Comparison.NStar > 0 && isFinite(p.Comparison.NStar), "comparison.n_star", "want more than 0"},
		{p.Comparison.BurnInPerArm >= 1, "comparison.burn_in_per_arm", "want 1 or more"},
		{oneOf(p.InFlight.OnRollback, "", PinOrCut, Pin, Cut), "in_flight.on_rollback", "want auto, pin or cut"},
		{p.InFlight.For >= 0 && p.InFlight.For <= hours(24), "in_flight.for", "want up to 24h"},
		{oneOf(p.Drift.OnDrift, "", OnDriftIncident, OnDriftFallback), "drift.on_drift", "want incident or fallback"},
		{p.Drift.Holdback >= 0 && p.Drift.Holdback <= 50, "drift.holdback", "want 0 to 50: the percent of the units that stay with the old build"},
		{p.Drift.ControlWait >= 0, "drift.control_wait", "want 0s or more"},
		{p.Drift.FalseAlarmEvery >= 0, "drift.false_alarm_every", "want more than 0s, or nothing"},
		{h.ConsecutivePasses >= 1, "hysteresis.consecutive_passes", "want 1 or more"},
		{h.EvaluateEvery > 0, "hysteresis.evaluate_every", "want more than 0s"},
		{h.CooldownAfterRollback >= 0, "hysteresis.cooldown_after_rollback", "want 0s or more"},
		{p.HoldRule.Timeout > e.MinDuration, "hold.timeout", "must be longer than evidence.min_duration, or no milestone can pass"},
		{isTimeoutRule(p.HoldRule.OnTimeout), "hold.on_timeout", "want rollback or stay"},
		{p.HoldRule.OnInsufficient == "" || isTimeoutRule(p.HoldRule.OnInsufficient), "hold.on_insufficient", "want rollback or stay"},
		{p.BuildGate.Estimator == "point", "build_gate.estimator", "want point"},
		{p.BuildGate.MinCases >= 0, "build_gate.min_cases", "want 0 or more"},
	}
}

func (p *Policy) validateSignals() error {
	if len(p.Signals) == 0 {
		return wrongField("signals", "want at least one signal")
	}
	names := map[string]bool{exposureSignal: true}
	sum, spends := 0.0, false
	for i := range p.Signals {
		s := &p.Signals[i]
		path := "signals[" + strconv.Itoa(i) + "]"
		if s.Name == "" || names[s.Name] {
			return wrongField(path+".name", "want a name of its own, not empty, not \"exposure\"")
		}
		names[s.Name] = true
		if err := firstFault(s.checks(path)); err != nil {
			return err
		}
		if s.Kind == Score && p.Cluster.DesignEffect > 1 {
			return wrongField("cluster.design_effect", "want 1 with a signal of kind score, which is bet on")
		}
		sum += s.Weight
		spends = spends || s.rollsBack() && s.Kind != Level
	}
	if (spends || sum > 0) && math.Abs(sum-1) > epsilon {
		return wrongField("signals", fmt.Sprintf("weights sum to %.6g, want 1", sum))
	}
	return nil
}

// validateSteps checks what a policy's steps and a plan's milestones share.
func validateSteps(path string, steps []Step) error {
	if len(steps) < 2 {
		return wrongField(path, "want a step before the final one: without it nothing is ever compared")
	}
	last := -1
	for i, s := range steps {
		at := path + "[" + strconv.Itoa(i) + "]"
		if err := firstFault([]check{
			{s.Percent >= 0 && s.Percent <= 100, at + ".percent", "want 1 to 50, or 100"},
			{s.Percent <= 50 || s.Percent == 100, at + ".percent", strconv.Itoa(s.Percent) + ": above 50 the control shrinks: the comparison ends at 50"},
			{s.Percent > 0 != s.Shadow, at + ".percent", "want 1 to 50, or 100; 0 with shadow: true, which serves nobody"},
			{s.Percent > last, at + ".percent", "percents must increase"},
			{oneOf(s.Pass, "", NoHarm, ByTime, ByApproval), at + ".pass", "want no_harm, time, approval, or nothing"},
			{s.Final == (i == len(steps)-1), at + ".final", "the last step, and no other, is final: true"},
		}); err != nil {
			return err
		}
		last = s.Percent
	}
	return nil
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func isAlpha(x float64) bool { return x > 0 && x < 0.5 }

func isShare(x float64) bool { return x >= 0 && x <= 1 }

func isMargin(x float64) bool { return x >= 0 && isFinite(x) }

func oneOf(s string, words ...string) bool { return slices.Contains(words, s) }

func isTimeoutRule(s string) bool { return oneOf(s, rollBack, stay, hold) }
