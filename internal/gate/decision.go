package gate

import (
	"fmt"
	"time"
)

// Verdict is what a decision does with a release. The zero Verdict is Hold,
// so that whatever is not decided changes nothing.
type Verdict int

// The verdicts.
const (
	Hold     Verdict = iota // nothing changes
	Promote                 // one milestone up
	Rollback                // control for everyone; latches for the build
)

// String returns HOLD, PROMOTE or ROLLBACK.
func (v Verdict) String() string {
	switch v {
	case Promote:
		return "PROMOTE"
	case Rollback:
		return "ROLLBACK"
	case Hold:
	}
	return "HOLD"
}

// MarshalText writes the verdict as String does.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads HOLD, PROMOTE or ROLLBACK.
func (v *Verdict) UnmarshalText(b []byte) error {
	for _, known := range []Verdict{Hold, Promote, Rollback} {
		if string(b) == known.String() {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("verdict: want HOLD, PROMOTE or ROLLBACK, have %q", b)
}

// Decision is a verdict with all that explains it.
type Decision struct {
	Verdict Verdict        `json:"verdict"`
	Reason  string         `json:"reason"`              // the first rule that applies, such as P5_SEVERE:evidence_coverage
	Also    []string       `json:"also,omitempty"`      // the other rules that apply, in order
	Signals []SignalStatus `json:"signals,omitempty"`   // in policy order
	SRMLogE *float64       `json:"srm_log_e,omitempty"` // log e-value against the expected split; nil without exposures
	Needs   []string       `json:"needs,omitempty"`     // what a HOLD waits for, for people to read
	Warn    []string       `json:"warn,omitempty"`      // goals that fail (on_fail: warn), as the rules that would apply; they decide nothing
	Detail  string         `json:"detail,omitempty"`    // what is wrong with an invalid policy or snapshot
	Next    Duration       `json:"next,omitempty"`      // decide again after this long, or on new evidence; 0: only on new evidence
}

// NextAfter returns Next as a time.Duration.
func (d Decision) NextAfter() time.Duration { return time.Duration(d.Next) }

// Status is the state of one signal: the first that applies.
type Status string

// The statuses, in order of precedence.
const (
	Missing      Status = "MISSING"      // absent, stale, or seen for too few exposures
	Severe       Status = "SEVERE"       // proven worse than the rollback threshold
	RelSevere    Status = "REL_SEVERE"   // proven worse than control by more than the margin
	Few          Status = "FEW"          // fewer cases than min_n
	Breach       Status = "BREACH"       // proven worse than the promote threshold
	RelBreach    Status = "REL_BREACH"   // proven worse than control at all
	Undetermined Status = "UNDETERMINED" // neither good nor bad is proven
	Pass         Status = "PASS"
)

// SignalStatus is how one signal stands, with the bounds that say so. Bounds
// are rounded to 1e-6; comparisons are made before rounding. A bound that was
// not computed is nil.
type SignalStatus struct {
	Name          string   `json:"name,omitempty"`
	Status        Status   `json:"status"`
	Why           string   `json:"why,omitempty"`    // no_data, source_error, stale, low_coverage, uneven_coverage, overflow, not_noninferior
	Detail        string   `json:"detail,omitempty"` // of source_error: the source's own words
	N             Count    `json:"n_t"`              // cases of the treatment
	NControl      Count    `json:"n_c"`
	Pending       Count    `json:"pending,omitempty"`
	Estimate      *float64 `json:"estimate,omitempty"`       // k/n, a mean, a level; a quantile: the share over the promote threshold
	Lower         *float64 `json:"lower,omitempty"`          // at alpha.promote
	Upper         *float64 `json:"upper,omitempty"`          // at alpha.promote
	RollbackUpper *float64 `json:"rollback_upper,omitempty"` // at alpha.rollback·weight/2, with restart points half of it
	SevereLower   *float64 `json:"severe_lower,omitempty"`   // quantile: of the share over the rollback threshold; counter: of the rate
	Diff          *float64 `json:"diff,omitempty"`           // treatment less control
	DiffUpper     *float64 `json:"diff_upper,omitempty"`     // at the alpha of RollbackUpper
	DiffLower     *float64 `json:"diff_lower,omitempty"`     // at alpha.promote
	HarmLogE      *float64 `json:"harm_log_e,omitempty"`     // betting: against "no worse than the margin"; proof is ln(1/alpha)
	NILogE        *float64 `json:"ni_log_e,omitempty"`       // betting: against "worse by the margin"
	Restart       int      `json:"restart,omitempty"`        // the restart point since which it is severe; 0: the whole epoch
	Coverage      *float64 `json:"telemetry_coverage,omitempty"`
}
