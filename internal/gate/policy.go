package gate

import "encoding/json"

// APIVersion is the apiVersion of the policies and plans that this package
// reads.
const APIVersion = "lockflight/v1"

// Policy says what a release must prove, how surely, and what happens when it
// cannot. Its JSON has the names of the YAML form. The zero Policy is not
// valid; start from [DefaultPolicy] or [ParsePolicy].
type Policy struct {
	APIVersion     string         `json:"apiVersion"`
	Kind           string         `json:"kind"` // GatePolicy
	Metadata       Metadata       `json:"metadata"`
	Alpha          Alpha          `json:"alpha"`
	Cluster        Cluster        `json:"cluster"`
	Signals        []Signal       `json:"signals"`         // in order of precedence within a rule
	Rules          []Rule         `json:"rules,omitempty"` // expressions over several signals
	CriticalEvents CriticalEvents `json:"critical_events"`
	Integrity      Integrity      `json:"integrity"`
	Evidence       Evidence       `json:"evidence"`
	Comparison     Comparison     `json:"comparison"`
	Hysteresis     Hysteresis     `json:"hysteresis"`
	HoldRule       HoldRule       `json:"hold"`
	InFlight       InFlight       `json:"in_flight"`
	Drift          Drift          `json:"drift"`
	Steps          []Step         `json:"steps"`
	BuildGate      BuildGate      `json:"build_gate"`
}

// Metadata names a policy or a plan.
type Metadata struct {
	Name    string `json:"name"`
	Version int    `json:"version,omitempty"`
}

// Alpha is the probability of error that a release may spend.
type Alpha struct {
	Rollback float64 `json:"rollback"` // of one epoch, split over the signals by weight
	Promote  float64 `json:"promote"`  // of each signal: all must pass, so nothing is split
	Schedule string  `json:"schedule"` // per_epoch, or halving: rollback·2^-epoch
}

// Cluster says how cases of one unit, which are correlated, are counted.
type Cluster struct {
	MaxCasesPerUnit int     `json:"max_cases_per_unit"`      // of a unit and signal; above 1 the bounds are too tight
	DesignEffect    float64 `json:"design_effect,omitempty"` // counts are divided by it before every bound; 0 is 1
}

// The kinds of a signal.
const (
	Bernoulli = "bernoulli" // a share of cases that pass; higher is better
	Score     = "score"     // the mean of scores from 0 to 1; higher is better
	Quantile  = "quantile"  // a quantile of a measured value, such as P95 latency; lower is better
	Counter   = "counter"   // events per case, such as retries; lower is better
	Level     = "level"     // one figure of an outside source, such as a query; no statistics
)

// The values of Signal.OnFail: what a signal that is proven bad does.
const (
	OnFailRollback = "rollback" // a guardrail; "" is the same
	OnFailHold     = "hold"     // a guardrail that waits for a person
	OnFailWarn     = "warn"     // a goal: it is reported and decides nothing
)

// The values of Relative.RequireNI: when non-inferiority must be proven.
const (
	Always    = "always"
	FinalStep = "final_step" // while State.Final
	Never     = "never"
)

// Signal is one measured quality and what is asked of it. Rates are shares of
// 1; the values of a quantile are in the signal's own unit (milliseconds).
type Signal struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Q         float64  `json:"q,omitempty"` // quantile only: 0.95 for P95
	Direction string   `json:"direction"`   // higher or lower is better
	Weight    float64  `json:"weight"`      // share of Alpha.Rollback; all weights sum to 1; 0 where it never rolls back
	Promote   float64  `json:"promote"`     // the threshold to go on
	Rollback  float64  `json:"rollback"`    // proven worse than this: roll back
	Tolerance float64  `json:"tolerance"`   // by how much a bound may miss Promote (a quantile: 1-Q; a counter: a share of Promote)
	MinN      Count    `json:"min_n"`       // fewer cases never pass
	Relative  Relative `json:"relative"`
	Required  bool     `json:"required"` // false: may be missing or few; what it proves still counts
	Settle    Duration `json:"settle,omitempty"`
	OnFail    string   `json:"on_fail,omitempty"` // OnFailRollback, OnFailHold or OnFailWarn
	Source    *Source  `json:"source,omitempty"`
}

// Relative compares the treatment with the control. Margins of rates and
// scores are absolute differences, those of quantiles and counters are shares
// of the control's value. A level is not compared.
type Relative struct {
	RollbackMargin float64 `json:"rollback_margin"`
	NIMargin       float64 `json:"ni_margin"`
	RequireNI      string  `json:"require_ni"`
}

// Source says where a signal's observations come from; the zero Source is the
// observation of the signal's own name. One origin is named at most.
type Source struct {
	Evaluation    []string       `json:"evaluation,omitempty"`
	Span          string         `json:"span,omitempty"` // SpanRootError, ...
	EvidenceSlots map[string]any `json:"evidence_slots,omitzero"`
	ImpactMetric  string         `json:"impact_metric,omitempty"` // the name of one: a counter's rate a second, a gauge's or histogram's mean
	PromQL        string         `json:"promql,omitempty"`        // an instant query of one figure; $flag, $environment, $build, $control are the release's
	MaxAge        Duration       `json:"max_age,omitempty"`       // of the two above: an older figure is missing; 0 is 2m, for impact metrics 5m
	Observation   string         `json:"observation,omitempty"`

	Metric string `json:"metric,omitempty"` // the name of an OpenTelemetry metric whose points name their arm
	Unit   string `json:"unit,omitempty"`   // of the signal's thresholds, where it is not the metric's: ns, us, ms, s, min or h

	Usage  string           `json:"usage,omitempty"`  // of a case's dearest trace: one of Usages
	Prices map[string]Price `json:"prices,omitempty"` // by model; of usage: cost alone
}

// CriticalEvents says how many units may see a critical event: more than Max
// is ROLLBACK, whatever else is known.
type CriticalEvents struct {
	Source string `json:"source"` // safety_severity_critical
	Max    Count  `json:"max"`
}

// Integrity says when the comparison itself cannot be trusted.
type Integrity struct {
	SRMAlpha          float64    `json:"srm_alpha"`
	SRMConcentration  float64    `json:"srm_concentration"`
	MultiExposure     MultiLimit `json:"multi_exposure"`
	MaxClockSkew      Duration   `json:"max_clock_skew"`
	RequireBuildMatch bool       `json:"require_build_match"`
	Timeout           Duration   `json:"timeout"`
	OnTimeout         string     `json:"on_timeout"`
}

// MultiLimit is how many units in both arms are too many: MinCount at
// least, and MaxShare of the exposures at least.
type MultiLimit struct {
	MaxShare float64 `json:"max_share"`
	MinCount Count   `json:"min_count"`
}

// Evidence says how much evidence a verdict needs, and when it is missing.
type Evidence struct {
	MinExposuresPerArm   Count    `json:"min_exposures_per_arm"`
	MinStepExposures     Count    `json:"min_step_exposures"` // per arm, since the milestone began
	MinDuration          Duration `json:"min_duration"`       // of each milestone
	MaxAge               Duration `json:"max_age"`
	MinTelemetryCoverage float64  `json:"min_telemetry_coverage"`
	MaxCoverageGap       float64  `json:"max_coverage_gap"`
	OutcomeWindow        Duration `json:"outcome_window"` // after exposure; later outcomes never count
	OutcomeGrace         Duration `json:"outcome_grace"`  // after exposure; until then an outcome is not due
	MissingTimeout       Duration `json:"missing_timeout"`
	OnMissingTimeout     string   `json:"on_missing_timeout"`
}

// The values of Comparison.Estimator.
const (
	AsymptoticCS = "asymptotic_cs" // from counts alone, which can be merged
	Betting      = "betting"       // exact from the first pair; depends on the order of cases
)

// Comparison says how rates of treatment and control are compared. Scores are
// always bet on, quantiles and counters have tests of their own.
type Comparison struct {
	Estimator    string  `json:"estimator"` // AsymptoticCS or Betting
	NStar        float64 `json:"n_star"`    // total sample size at which the interval is tightest
	BurnInPerArm Count   `json:"burn_in_per_arm"`
}

// Hysteresis says how often the gate must agree with itself before it
// promotes. ROLLBACK acts at once.
type Hysteresis struct {
	ConsecutivePasses     int      `json:"consecutive_passes"`
	EvaluateEvery         Duration `json:"evaluate_every"` // a pass counts at most once in it
	CooldownAfterRollback Duration `json:"cooldown_after_rollback"`
}

// HoldRule says what becomes of a HOLD that lasts longer than Timeout. Both
// rules are rollback or stay; GrowthBook's "ship when inconclusive" is not
// among them.
type HoldRule struct {
	Timeout        Duration `json:"timeout"`
	OnTimeout      string   `json:"on_timeout"`      // where something is proven bad (P8)
	OnInsufficient string   `json:"on_insufficient"` // where evidence is lacking (P9, P10, P12_HYSTERESIS); "" is OnTimeout
}

// NoHarm is the Step.Pass that lets a signal through which proves neither
// harm nor quality, unless its RequireNI is Always.
const NoHarm = "no_harm"

// The values of Milestone.Pass that ask for no evidence that the build is good.
// What is known against it still holds, or rolls back: harm that is proven, a
// broken comparison, outcomes that are missing.
const (
	ByTime     = "time"     // left when its duration is over
	ByApproval = "approval" // left when the next milestone is approved
)

// Step is one milestone of a policy.
type Step struct {
	Percent int    `json:"percent"` // of the units: 1 to 50, or 100; 0 where Shadow
	Pass    string `json:"pass,omitempty"`
	Shadow  bool   `json:"shadow,omitempty"` // the build answers beside the old one and serves nobody
	Final   bool   `json:"final,omitempty"`  // the milestone that nothing follows
}

// BuildGate is what the build gate asks of a scenario suite.
type BuildGate struct {
	Estimator        string           `json:"estimator"` // point
	MinCases         Count            `json:"min_cases"`
	MinCasesPerClass map[string]Count `json:"min_cases_per_class"`
}

// UnmarshalJSON fills what is absent from the signal of that name in the
// default policy, or from what its kind starts from, so that a policy may say
// only what it changes. No kind is a level where the source is an outside one.
func (s *Signal) UnmarshalJSON(b []byte) error {
	var head struct {
		Name   string  `json:"name"`
		Kind   string  `json:"kind"`
		Source *Source `json:"source"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return err
	}
	if head.Kind == "" && head.Source.Outside() {
		head.Kind = Level
	}
	type plain Signal // without this method
	v := plain(defaultSignal(head.Name, head.Kind))
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*s = Signal(v)
	return nil
}
