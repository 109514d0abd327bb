package gate

// Cause says why a line of evidence was rejected; the empty Cause is accepted.
type Cause string

// The causes, in the order in which they are tested.
const (
	Malformed     Cause = "malformed"      // not an observation
	Foreign       Cause = "foreign"        // of another flag or environment
	UnknownSignal Cause = "unknown_signal" // not in the policy
	BadValue      Cause = "bad_value"      // no outcome of the signal's kind
	Duplicate     Cause = "duplicate"      // the id was seen
	Skewed        Cause = "skew"           // from the future, by the clock that received it
	ForeignBuild  Cause = "foreign_build"  // treatment, but another build
	Misassigned   Cause = "misassigned"    // control, but the candidate build
	MultiArm      Cause = "multi"          // the unit is in both arms
	Overflow      Cause = "overflow"       // no room for one unit more: see Room
	Late          Cause = "late"           // after the outcome window
)
