package edge

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
)

// impactRow is one series of Unleash's impact metrics.
type impactRow struct {
	Name    string           `json:"name"`
	Type    string           `json:"type"`
	Samples [1]impactSamples `json:"samples"`
}

type impactSamples struct {
	Labels  map[string]string `json:"labels"`
	Value   *float64          `json:"value,omitempty"`
	Count   int64             `json:"count,omitempty"`
	Sum     float64           `json:"sum,omitempty"`
	Buckets []impactBucket    `json:"buckets,omitempty"`
}

type impactBucket struct {
	LE    any   `json:"le"` // a number, or "+Inf"
	Count int64 `json:"count"`
}

// newImpactRow names the application in a series' labels, by which the plane
// knows whose it is.
func newImpactRow(app string, s control.ImpactSample) impactRow {
	out := impactSamples{Labels: map[string]string{}}
	_ = json.Unmarshal([]byte(s.Labels), &out.Labels) // they were encoded here
	out.Labels["appName"] = app
	if s.Type != control.ImpactHistogram {
		out.Value = &s.Sum
	} else {
		out.Count, out.Sum = s.Count, s.Sum
		out.Buckets = impactBuckets(s.Buckets)
	}
	return impactRow{s.Metric, s.Type, [1]impactSamples{out}}
}

// impactBuckets puts buckets in the order of their bounds.
func impactBuckets(in map[string]int64) []impactBucket {
	bounds := make(map[float64]string, len(in))
	for text := range in {
		if upper, err := strconv.ParseFloat(text, 64); err == nil { // they were formatted here
			bounds[upper] = text
		}
	}
	var out []impactBucket
	for _, upper := range slices.Sorted(maps.Keys(bounds)) {
		b := impactBucket{upper, in[bounds[upper]]}
		if math.IsInf(upper, 1) {
			b.LE = "+Inf"
		}
		out = append(out, b)
	}
	return out
}
