package gate

import "time"

// SnapshotSchema is the schema that a Ledger writes into its snapshots.
const SnapshotSchema = "lockflight.snapshot/v1"

// Snapshot is the evidence that a decision reads: sufficient statistics only,
// no raw text and no unit ids. Both arms of an epoch, as of one moment.
type Snapshot struct {
	Schema         string             `json:"schema,omitempty"`
	GateID         string             `json:"gate_id,omitempty"` // the release
	Epoch          int                `json:"epoch,omitempty"`   // from 1; 0 is 1
	Flag           string             `json:"flag,omitempty"`
	Env            string             `json:"env,omitempty"`
	Step           int                `json:"step,omitempty"` // from 0
	Build          BuildIDs           `json:"build,omitzero"`
	Window         Window             `json:"window,omitzero"`
	Exposures      Exposures          `json:"exposures"`
	CriticalEvents Count              `json:"critical_events"`
	Signals        map[string]Measure `json:"signals"`
	Identity       *Identity          `json:"identity,omitempty"` // what makes an epoch
	Changed        []string           `json:"changed,omitempty"`  // of the identity, when the epoch began; empty in the first
}

// BuildIDs are the builds of a release. Seen is what the treatment's telemetry
// comes from; empty where unknown.
type BuildIDs struct {
	Candidate string `json:"candidate,omitempty"`
	Control   string `json:"control,omitempty"`
	Seen      string `json:"seen,omitempty"`
}

// Window is the time that a snapshot covers.
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Exposures are numbers of units. Units that saw both arms are in Multi and
// in neither arm. Overflow counts lines that were not counted for want of room.
type Exposures struct {
	Treatment Count      `json:"treatment"`
	Control   Count      `json:"control"`
	Expected  float64    `json:"expected,omitempty"` // the treatment's share; 0 is 0.5
	Multi     Count      `json:"multi"`
	Overflow  Count      `json:"overflow,omitempty"`
	Step      *ArmCounts `json:"step,omitempty"` // those exposed since the milestone began; nil: no check
}

// ArmCounts is one number per arm.
type ArmCounts struct {
	Treatment Count `json:"treatment"`
	Control   Count `json:"control"`
}

// Measure is the evidence of one signal. An arm that is nil has no data.
type Measure struct {
	Treatment         *Arm     `json:"treatment,omitempty"`
	Control           *Arm     `json:"control,omitempty"`
	TelemetryCoverage *float64 `json:"telemetry_coverage,omitempty"` // share of due outcomes that came; nil is 1
	AgeSeconds        float64  `json:"age_s,omitempty"`              // how long exposures go unanswered
	CoverageGap       float64  `json:"coverage_gap,omitempty"`       // control's coverage less the treatment's
	Error             string   `json:"error,omitempty"`              // why the source gave nothing, which is missing evidence
	Bets              *Bets    `json:"bets,omitempty"`               // of a signal that is bet on
}

// Arm is what one arm has shown of one signal: n cases, k of which pass (a
// counter: k events), or n values of which so many are greater than the two
// thresholds, or the mean of n scores. A level has a value alone.
type Arm struct {
	N          *Count    `json:"n,omitempty"`
	K          *Count    `json:"k,omitempty"`           // bernoulli, counter
	GtPromote  *Count    `json:"gt_promote,omitempty"`  // quantile
	GtRollback *Count    `json:"gt_rollback,omitempty"` // quantile
	QLo        *float64  `json:"q_lo,omitempty"`        // quantile: rank interval, nil while it is not finite
	QHi        *float64  `json:"q_hi,omitempty"`
	Sketch     *Sketch   `json:"sketch,omitempty"`  // quantile: of all values, where q_lo and q_hi are not given
	Mean       *float64  `json:"mean,omitempty"`    // score
	MeanLo     *float64  `json:"mean_lo,omitempty"` // score: confidence sequence at alpha.promote; the treatment's alone is read
	MeanHi     *float64  `json:"mean_hi,omitempty"`
	Value      *float64  `json:"value,omitempty"`   // level
	Pending    Count     `json:"pending,omitempty"` // exposed, unanswered, still inside the outcome window
	Restarts   []Restart `json:"restarts,omitempty"`
}

// Restart holds the counts since one restart point: k (a quantile:
// gt_rollback), n and, where there are any, pending cases. Points keep their
// number of birth, the index here plus one, for ever.
type Restart []Count
