package control

import "time"

// The types of impact metric (Unleash client-specification,
// contracts/impact-metrics.md).
const (
	ImpactCounter   = "counter"
	ImpactGauge     = "gauge"
	ImpactHistogram = "histogram"
)

// ImpactReport is what one instance measured since its last report.
type ImpactReport struct {
	Environment string
	App         string
	// Instance is what tells senders apart, empty where nothing does.
	Instance string
	// From is where what is measured begins. The reports of one Instance come
	// in its order: one that is not after the last that was stored is a repeat
	// and adds nothing. It is the zero time where the sender gave none; such a
	// report always adds.
	From    time.Time
	To      time.Time // where it ends: the minute that it is stored in
	Samples []ImpactSample
}

// ImpactSample is one series of a report: a counter's growth or a histogram's
// observations since the report before, or a gauge's last value.
type ImpactSample struct {
	Metric  string
	Type    string           // ImpactCounter, ImpactGauge or ImpactHistogram
	Labels  string           // a JSON object of texts, its keys in order; {} for none
	Count   int64            // observations of a histogram; 1 otherwise
	Sum     float64          // a counter's growth, a gauge's value, the sum of a histogram
	Buckets map[string]int64 // a histogram's, cumulative, by upper bound: "0.5", "+Inf"
}

// ImpactWindow is one series in one minute, over all instances of an
// application. It has no unit and no arm: see ADR 15.
type ImpactWindow struct {
	Environment string
	App         string
	Metric      string
	Labels      string
	Start       time.Time // of the minute, UTC
	Type        string
	Count       int64   // reports of a counter or gauge; observations of a histogram
	Sum         float64 // a counter's growth; of a gauge, Sum/Count is its mean
	Min, Max    float64 // of the reports' values; of no meaning for histograms
	Buckets     map[string]int64
}

// ImpactFilter says which windows are read: those of an environment and a
// metric, from one moment until before another. An empty App means all of them.
type ImpactFilter struct {
	Environment  string
	App          string
	Metric       string
	Since, Until time.Time
}
