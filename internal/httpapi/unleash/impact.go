package unleash

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// impactMetric is one metric of a payload (Unleash client-specification,
// contracts/impact-metrics.md). Its samples are read one by one, because one
// that is wrong must not take the others, or the request, with it.
type impactMetric struct {
	Name    string            `json:"name"`
	Type    string            `json:"type"`
	Samples []json.RawMessage `json:"samples"`
}

// impactSample is one series of an impactMetric: a counter or a gauge has a
// value, a histogram the rest.
type impactSample struct {
	Labels  map[string]any `json:"labels"`
	Value   *float64       `json:"value"`
	Count   int64          `json:"count"`
	Sum     float64        `json:"sum"`
	Buckets []struct {
		LE    any   `json:"le"` // a number, or "+Inf"
		Count int64 `json:"count"`
	} `json:"buckets"`
}

// What one report may measure. A series is kept for each different set of
// labels, so that what is without bound, such as an id, makes no good label.
const (
	maxSamples = 1000
	maxLabels  = 20
	maxBuckets = 100
	// maxImpactAge is how late a report may come, and how early.
	maxImpactAge = 24 * time.Hour
)

// sender is who measured what the request reports: what its SDK calls itself,
// where that tells it from every other instance.
func (a *Clients) sender(r *http.Request, i control.Instance, in application) control.ImpactReport {
	id := cmp.Or(in.ConnectionID, r.Header.Get("unleash-connection-id"), r.Header.Get("x-unleash-connection-id"), in.InstanceID)
	if id == "default" || checkText("", id) != nil {
		id = ""
	}
	return control.ImpactReport{Environment: i.Environment, App: i.App, Instance: id, To: a.now().UTC()}
}

// impact returns the report of what was measured, or none where nothing of it
// is of use. It is never a reason to fail a request: SDKs would send the counts
// beside it again, and drop them in the end.
func (a *Clients) impact(r *http.Request, by control.ImpactReport, metrics json.RawMessage) []control.ImpactReport {
	by.Samples = a.samples(r.Context(), metrics)
	if now := a.now(); len(by.Samples) == 0 || by.To.Before(now.Add(-maxImpactAge)) || by.To.After(now.Add(maxImpactAge)) {
		return nil
	}
	return []control.ImpactReport{by}
}

// bulkImpact is impact of what an edge has added up for many instances: it
// names the application of each series in its labels.
func (a *Clients) bulkImpact(r *http.Request, metrics json.RawMessage) []control.ImpactReport {
	byApp := map[string]*control.ImpactReport{}
	var out []control.ImpactReport
	for _, one := range a.samples(r.Context(), metrics) {
		app := appOf(one.Labels)
		if app == "" {
			continue
		}
		if byApp[app] == nil {
			byApp[app] = &control.ImpactReport{Environment: httpapi.CallerOf(r.Context()).Token.Environment, App: app, To: a.now().UTC()}
		}
		byApp[app].Samples = append(byApp[app].Samples, one)
	}
	for _, report := range byApp {
		out = append(out, *report)
	}
	return out
}

// appOf is the label that every SDK sets to its application.
func appOf(labels string) string {
	var l struct {
		AppName string `json:"appName"`
	}
	_ = json.Unmarshal([]byte(labels), &l) // it was encoded here
	return l.AppName
}

// samples reads what is good of a list of metrics, and says in the log what is
// not.
func (a *Clients) samples(ctx context.Context, list json.RawMessage) []control.ImpactSample {
	var metrics []json.RawMessage
	if len(list) > 0 {
		_ = json.Unmarshal(list, &metrics) // what is no list has no metrics
	}
	var out []control.ImpactSample
	var errs []error
	for i, raw := range metrics {
		some, err := readMetric(raw)
		if err != nil {
			errs = append(errs, refield(err, func(field string) string { return index("impactMetrics", i) + "." + field }))
		}
		out = append(out, some...)
	}
	if len(out) > maxSamples {
		errs = append(errs, control.Invalidf("impactMetrics", "has more than %d series", maxSamples))
		out = out[:maxSamples]
	}
	if len(errs) > 0 {
		a.log.LogAttrs(ctx, slog.LevelDebug, "impact metrics that are not kept", slog.Int("metrics", len(errs)), slog.Any("first", errs[0]))
	}
	return out
}

// readMetric reads the series of one metric that are good, with the error of
// the first that is not.
func readMetric(raw json.RawMessage) (out []control.ImpactSample, bad error) {
	var m impactMetric
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, control.Invalidf("samples", "are not those of a metric: %v", err)
	}
	for _, raw := range m.Samples {
		one, err := m.sample(raw)
		if err != nil {
			bad = cmp.Or(bad, err)
			continue
		}
		out = append(out, one)
	}
	return out, bad
}

// sample reads one series.
func (m impactMetric) sample(raw json.RawMessage) (control.ImpactSample, error) {
	out := control.ImpactSample{Metric: metricName(m.Name), Type: m.Type, Count: 1}
	var in impactSample
	if err := json.Unmarshal(raw, &in); err != nil {
		return out, control.Invalidf("samples", "is not a sample: %v", err)
	}
	var err error
	if out.Labels, err = encodeLabels(in.Labels); err != nil {
		return out, err
	}
	if err := checkLabel("name", out.Metric); err != nil {
		return out, err
	}
	switch m.Type {
	case control.ImpactCounter, control.ImpactGauge:
		if in.Value == nil {
			return out, control.Invalidf("value", "is missing")
		}
		if out.Sum = *in.Value; m.Type == control.ImpactCounter && out.Sum < 0 {
			return out, control.Invalidf("value", "%v is negative, and a counter only grows", out.Sum)
		}
	case control.ImpactHistogram:
		out.Count, out.Sum = in.Count, in.Sum
		if out.Buckets, err = in.buckets(); err != nil {
			return out, err
		}
	default:
		return out, control.Invalidf("type", "%q is not counter, gauge or histogram", m.Type)
	}
	return out, nil
}

// buckets reads the cumulative buckets of a histogram, which end with +Inf and
// never fall.
func (in impactSample) buckets() (map[string]int64, error) {
	if len(in.Buckets) == 0 || len(in.Buckets) > maxBuckets {
		return nil, control.Invalidf("buckets", "must be 1 to %d", maxBuckets)
	}
	out, last, bound := map[string]int64{}, int64(0), math.Inf(-1)
	for _, b := range in.Buckets {
		upper, err := upperBound(b.LE)
		if err != nil {
			return nil, err
		}
		if upper <= bound || b.Count < last || b.Count > maxCount {
			return nil, control.Invalidf("buckets", "must rise, in bounds and in counts")
		}
		out[formatBound(upper)], last, bound = b.Count, b.Count, upper
	}
	if !math.IsInf(bound, 1) || last != in.Count {
		return nil, control.Invalidf("buckets", "must end with +Inf and the count of all, %d", in.Count)
	}
	return out, nil
}

func upperBound(le any) (float64, error) {
	switch le := le.(type) {
	case float64:
		return le, nil
	case string:
		if le == "+Inf" {
			return math.Inf(1), nil
		}
	}
	return 0, control.Invalidf("buckets", `has an upper bound %v, which is no number and not "+Inf"`, le)
}

func formatBound(upper float64) string {
	return strconv.FormatFloat(upper, 'g', -1, 64)
}

// encodeLabels is the JSON of labels, which are texts or numbers.
func encodeLabels(in map[string]any) (string, error) {
	if len(in) > maxLabels {
		return "", control.Invalidf("labels", "must not be more than %d", maxLabels)
	}
	out := make(map[string]string, len(in))
	for name, value := range in {
		text, err := plainText("labels."+name, value)
		if err := errors.Join(err, checkText("labels", text), checkLabel("labels", name)); err != nil {
			return "", control.Invalidf("labels", "%v", err)
		}
		out[metricName(name)] = text
	}
	b, err := json.Marshal(out)
	return string(b), err
}

var notInMetric = regexp.MustCompile(`[^a-zA-Z0-9_]`)

// metricName is a name as Prometheus has it: letters, digits and _, and no
// digit first.
func metricName(name string) string {
	name = notInMetric.ReplaceAllString(name, "_")
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return "_" + name
	}
	return name
}
