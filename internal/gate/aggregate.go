package gate

import (
	"math"
	"time"
)

// Aggregate is what an observation has in place of the outcome of one case: a
// count, or a distribution, that an emitter has gathered of many. It names an
// arm and no unit; Observation.Unit is the series that it belongs to, and
// Observation.At the end of what it covers.
type Aggregate struct {
	From       time.Time `json:"from"`                 // when the counting began
	Cumulative bool      `json:"cumulative,omitempty"` // counted since From, and not since the line before
	Before     bool      `json:"before,omitempty"`     // From is before the release: what the first line says does not count
	N          Count     `json:"n"`                    // cases or values; of a counter, events
	K          Count     `json:"k,omitempty"`          // cases that pass; of a rate alone
	Buckets    []Bucket  `json:"buckets,omitempty"`    // where the values are; of a quantile alone
}

// Bucket is how many values are greater than Gt and at most Le, in the unit of
// the signal.
type Bucket struct {
	Gt float64  `json:"gt"`
	Le *float64 `json:"le,omitempty"` // absent: there is no bound
	N  Count    `json:"n"`
}

// upper returns Le, or infinity.
func (b Bucket) upper() float64 {
	if b.Le == nil {
		return math.Inf(1)
	}
	return *b.Le
}

// maxBuckets is the most buckets of one line: several times what OpenTelemetry's
// SDKs send.
const maxBuckets = 1024

// Aggregated says whether the signal is told by aggregates: it has no units.
func (s *Source) Aggregated() bool { return s != nil && s.Metric != "" }

// fits says whether an aggregate is one of a signal of the kind, at the time.
func (a *Aggregate) fits(kind string, at time.Time) bool {
	if a.From.IsZero() || a.From.After(at) || a.N < 0 || a.N > maxCount || a.K < 0 || a.K > a.N || len(a.Buckets) > maxBuckets {
		return false
	}
	if kind != Quantile {
		return len(a.Buckets) == 0 && (kind == Bernoulli || kind == Counter && a.K == 0)
	}
	var sum Count
	for _, b := range a.Buckets {
		if !isMargin(b.Gt) || b.N < 0 || b.N > maxCount || b.upper() < b.Gt || sum > maxCount {
			return false
		}
		sum += b.N
	}
	return sum == a.N && a.K == 0
}
