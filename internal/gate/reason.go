package gate

import (
	"slices"
	"strings"
)

// The rules of the step gate, in order of precedence, as they begin a reason.
// A rule about a signal, or about an expression over several, is followed by
// ":" and its name.
const (
	OperatorKilled   = "P1_OPERATOR_KILL"
	PolicyInvalid    = "P0_POLICY_INVALID"
	SnapshotInvalid  = "P0_SNAPSHOT_INVALID"
	CriticalEvent    = "P2_CRITICAL_EVENT"
	BuildMismatch    = "P3_BUILD_MISMATCH"
	SevereFloor      = "P5_SEVERE"
	SRM              = "P4_SRM"
	MultiExposed     = "P4_MULTI_EXPOSURE"
	IntegrityTimeout = "P4_INTEGRITY_TIMEOUT"
	Regression       = "P6_REGRESSION"
	RuleBroken       = "P6_RULE"
	EvidenceMissing  = "P7_EVIDENCE_MISSING"
	RuleUnknown      = "P7_RULE_UNKNOWN"
	MissingTimeout   = "P7_MISSING_TIMEOUT"
	BelowPromote     = "P8_BELOW_PROMOTE"
	RegressionSmall  = "P8_REGRESSION_SMALL"
	RuleHolds        = "P8_RULE"
	MinExposures     = "P9_MIN_EXPOSURES"
	MinEvidence      = "P9_MIN_EVIDENCE"
	MinDuration      = "P9_MIN_DURATION"
	NotDetermined    = "P10_UNDETERMINED"
	HoldTimeout      = "P11_HOLD_TIMEOUT"
	Cooldown         = "P12_COOLDOWN"
	OperatorFrozen   = "P12_OPERATOR_FREEZE"
	ApprovalMissing  = "P12_APPROVAL"
	PassAgain        = "P12_HYSTERESIS"
	AllPass          = "P13_ALL_PASS"
)

// The rules of the build gate.
const (
	BuildCriticalEvent   = "B1_CRITICAL_EVENT"
	BuildSevere          = "B2_SEVERE"
	BuildEvidenceMissing = "B3_EVIDENCE_MISSING"
	BuildMinCases        = "B4_MIN_CASES"
	BuildBelowPromote    = "B5_BELOW_PROMOTE"
	BuildAllPass         = "B6_ALL_PASS"
)

// of names the subject of a rule: P5_SEVERE:evidence_coverage.
func of(rule, subject string) string { return rule + ":" + subject }

// after wraps the reason that has lasted too long: P11_HOLD_TIMEOUT(P9_...).
func after(rule, inner string) string { return rule + "(" + inner + ")" }

// isRule says whether a reason is of one of the rules, by number: P9 is not
// P9x.
func isRule(reason string, numbers ...string) bool {
	number, _, _ := strings.Cut(reason, "_")
	return slices.Contains(numbers, number)
}
