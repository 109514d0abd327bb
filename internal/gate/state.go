package gate

// What an operator may tell the gate.
const (
	OperatorKill   = "kill"
	OperatorFreeze = "freeze"
)

// State is what a decision must know besides evidence: where the release is
// and for how long. [Progress] forms it; times are seconds before the moment
// of the decision. The zero State is a release that has just begun.
type State struct {
	ElapsedSeconds       float64  `json:"elapsed_s"`    // since the milestone began
	PriorPasses          int      `json:"prior_passes"` // at this milestone; negative where a pass may not count
	Final                bool     `json:"final,omitempty"`
	Pass                 string   `json:"pass,omitempty"` // that of the milestone; empty: every signal must be proven
	HoldElapsedSeconds   float64  `json:"hold_elapsed_s,omitempty"`
	HoldRun              HoldRun  `json:"hold_run,omitempty"` // which HOLD has lasted so long; empty: whichever it is now
	MissingForSeconds    float64  `json:"missing_for_s,omitempty"`
	IntegrityForSeconds  float64  `json:"integrity_for_s,omitempty"`
	SinceRollbackSeconds *float64 `json:"since_rollback_s,omitempty"` // of the flag; nil: never rolled back
	Operator             string   `json:"operator,omitempty"`
	AwaitsApprovals      int      `json:"awaits_approvals,omitempty"` // people who must approve the next milestone, and have not
}

// HoldRun is a kind of HOLD whose duration is measured.
type HoldRun string

// The kinds of HOLD that time out.
const (
	HoldBad          HoldRun = "P8"  // something is proven below its threshold
	HoldInsufficient HoldRun = "P9"  // evidence is lacking: P9, P10, P12
	holdAny          HoldRun = "sum" // both, where the policy has no rule for lacking evidence
)
