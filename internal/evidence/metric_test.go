package evidence

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/gate"
)

// arm are the attributes by which a data point names its arm.
var arm = attrs{"feature_flag.key": "agent-router", "feature_flag.result.variant": "treatment"}

// metrics are those of one service, made by fill.
func metrics(t testing.TB, name, unit string, fill func(m pmetric.Metric)) pmetric.Metrics {
	t.Helper()
	all := pmetric.NewMetrics()
	rm := all.ResourceMetrics().AppendEmpty()
	service.fill(t, rm.Resource().Attributes())
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	fill(m)
	return all
}

// sendMetrics returns how many points were refused, and why.
func (w *world) sendMetrics(t testing.TB, all pmetric.Metrics) (int64, string) {
	t.Helper()
	body, err := pmetricotlp.NewExportRequestFromMetrics(all).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Metrics(t.Context(), backend("default"), protobufType, "", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res := pmetricotlp.NewExportResponse()
	if err := res.UnmarshalProto(answer); err != nil {
		t.Fatal(err)
	}
	return res.PartialSuccess().RejectedDataPoints(), res.PartialSuccess().ErrorMessage()
}

// aggregates returns those that are stored, without their series.
func (w *world) aggregates(t testing.TB) (all []gate.Aggregate) {
	t.Helper()
	for _, line := range w.store.lines {
		o, err := gate.ParseObservation([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if o.Arm != gate.Treatment || o.Build != "b2" || o.Aggregate == nil || o.Unit == "" || !o.At.Equal(noon) {
			t.Errorf("stored %s", line)
			continue
		}
		all = append(all, *o.Aggregate)
	}
	return all
}

func stamp(p interface {
	SetStartTimestamp(pcommon.Timestamp)
	SetTimestamp(pcommon.Timestamp)
},
) {
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Minute)))
	p.SetTimestamp(pcommon.NewTimestampFromTime(noon))
}

func le(gt, le float64, n gate.Count) gate.Bucket { return gate.Bucket{Gt: gt, Le: &le, N: n} }

func TestMetrics(t *testing.T) {
	t.Parallel()
	latency := gate.Source{Metric: "gen_ai.workflow.duration", Unit: "ms"}
	rate := gate.Source{Metric: "gen_ai.workflow.duration"}
	from := noon.Add(-time.Minute)
	explicit := func(point attrs) func(pmetric.Metric) {
		return func(m pmetric.Metric) {
			h := m.SetEmptyHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := h.DataPoints().AppendEmpty()
			stamp(p)
			p.SetCount(7)
			p.ExplicitBounds().FromRaw([]float64{10.24, 20.48})
			p.BucketCounts().FromRaw([]uint64{4, 2, 1})
			point.fill(t, p.Attributes())
		}
	}
	sum := func(rising bool, v float64, point attrs) func(pmetric.Metric) {
		return func(m pmetric.Metric) {
			s := m.SetEmptySum()
			s.SetIsMonotonic(rising)
			s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			p := s.DataPoints().AppendEmpty()
			stamp(p)
			p.SetDoubleValue(v)
			point.fill(t, p.Attributes())
		}
	}
	for name, c := range map[string]struct {
		signal string
		source gate.Source
		unit   string
		fill   func(pmetric.Metric)
		want   []gate.Aggregate
		why    string // part of the answer
		cause  gate.Cause
	}{
		"explicit buckets": {signalLatency, latency, "s", explicit(arm), []gate.Aggregate{{From: from, Cumulative: true, N: 7, Buckets: []gate.Bucket{le(0, 10240, 4), le(10240, 20480, 2), {Gt: 20480, N: 1}}}}, "", ""},
		"exponential buckets": {signalLatency, latency, "s", func(m pmetric.Metric) {
			p := m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
			stamp(p)
			arm.fill(t, p.Attributes())
			p.SetCount(9)
			p.SetScale(0)
			p.SetZeroCount(1)
			p.Positive().SetOffset(1)
			p.Positive().BucketCounts().FromRaw([]uint64{5, 0, 3})
		}, []gate.Aggregate{{From: from, N: 9, Buckets: []gate.Bucket{le(0, 0, 1), le(2000, 4000, 5), le(8000, 16000, 3)}}}, "", ""},
		"good ones of a rate":   {signalTask, rate, "s", explicit(arm), []gate.Aggregate{{From: from, Cumulative: true, N: 7, K: 7}}, "", ""},
		"failed ones of a rate": {signalTask, rate, "s", explicit(arm.with(attrs{"error.type": "timeout"})), []gate.Aggregate{{From: from, Cumulative: true, N: 7}}, "", ""},
		"a sum":                 {signalTask, rate, "1", sum(true, 3, arm), []gate.Aggregate{{From: from, N: 3, K: 3}}, "", ""},
		"a label":               {signalTask, rate, "1", sum(true, 3, arm.with(attrs{"gen_ai.evaluation.score.label": "fail"})), []gate.Aggregate{{From: from, N: 3}}, "", ""},
		"half a case":           {signalTask, rate, "1", sum(true, 0.5, arm), nil, "value: of gen_ai.workflow.duration is 0.5", gate.BadValue},
		"a sum that falls":      {signalTask, rate, "1", sum(false, 3, arm), nil, "is_monotonic", gate.BadValue},
		"a sum of a latency":    {signalLatency, latency, "s", sum(true, 3, arm), nil, "needs a histogram", gate.BadValue},
		"a latency in bytes":    {signalLatency, latency, "By", explicit(arm), nil, `metric.unit: "By" is no time`, gate.BadValue},
		"no arm":                {signalLatency, latency, "s", explicit(attrs{"feature_flag.key": "agent-router"}), nil, "names no arm", Unjoinable},
		"another arm":           {signalLatency, latency, "s", explicit(arm.with(attrs{"feature_flag.result.variant": "blue"})), nil, `"blue" names no arm`, Unjoinable},
		"no flag":               {signalLatency, latency, "s", explicit(nil), nil, "", gate.Foreign},
		"no metric of ours":     {signalLatency, gate.Source{Metric: "other"}, "s", explicit(arm), nil, "", gate.UnknownSignal},
		"a gauge":               {signalLatency, latency, "s", func(m pmetric.Metric) { arm.fill(t, m.SetEmptyGauge().DataPoints().AppendEmpty().Attributes()) }, nil, "", gate.Foreign},
		"no start":              {signalLatency, latency, "s", func(m pmetric.Metric) { arm.fill(t, m.SetEmptyHistogram().DataPoints().AppendEmpty().Attributes()) }, nil, "start_time_unix_nano: is missing", gate.Malformed},
		"no buckets": {signalLatency, latency, "s", func(m pmetric.Metric) {
			p := m.SetEmptyHistogram().DataPoints().AppendEmpty()
			stamp(p)
			arm.fill(t, p.Attributes())
		}, nil, "explicit_bounds: has 0 bounds", gate.BadValue},
		"nothing was recorded": {signalLatency, latency, "s", func(m pmetric.Metric) {
			p := m.SetEmptyHistogram().DataPoints().AppendEmpty()
			p.SetFlags(p.Flags().WithNoRecordedValue(true))
			arm.fill(t, p.Attributes())
		}, nil, "", gate.Foreign},
		"a release without name": {signalLatency, latency, "s", explicit(arm.with(attrs{"feature_flag.key": "other"})), nil, "", gate.Foreign},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.source(c.signal, c.source)
			n, why := w.sendMetrics(t, metrics(t, "gen_ai.workflow.duration", c.unit, c.fill))
			if !strings.Contains(why, c.why) || (n > 0) != (c.why != "") {
				t.Errorf("refused %d, %q; want %q", n, why, c.why)
			}
			if diff := cmp.Diff(c.want, w.aggregates(t)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if all := w.Counts("rel-1")[string(c.cause)] + w.Counts("")[string(c.cause)]; c.cause != "" && all != 1 {
				t.Errorf("%s: counted %d", c.cause, all)
			}
		})
	}
}

// What an emitter has counted before the release began does not count; the part
// of an interval before it, nobody can take out.
func TestMetricsBeforeTheRelease(t *testing.T) {
	t.Parallel()
	for temporality, want := range map[pmetric.AggregationTemporality][]gate.Aggregate{
		pmetric.AggregationTemporalityCumulative: {{From: noon.Add(-time.Minute), Cumulative: true, Before: true, N: 3, K: 3}},
		pmetric.AggregationTemporalityDelta:      nil,
	} {
		w := newWorld(t)
		w.source(signalTask, gate.Source{Metric: "tasks"})
		w.releases[place{"production", "agent-router"}].view.StartedAt = noon.Add(-time.Second)
		n, why := w.sendMetrics(t, metrics(t, "tasks", "1", func(m pmetric.Metric) {
			s := m.SetEmptySum()
			s.SetIsMonotonic(true)
			s.SetAggregationTemporality(temporality)
			p := s.DataPoints().AppendEmpty()
			stamp(p)
			p.SetIntValue(3)
			arm.fill(t, p.Attributes())
		}))
		if diff := cmp.Diff(want, w.aggregates(t)); n != 0 || diff != "" {
			t.Errorf("%v: refused %d, %s; stored (-want +got):\n%s", temporality, n, why, diff)
		}
	}
}

// A series is told by all of its attributes, whatever their order, and by who
// emits it.
func TestSeriesID(t *testing.T) {
	t.Parallel()
	id := func(resource, point attrs, order bool) string {
		w := newWorld(t)
		w.source(signalTask, gate.Source{Metric: "tasks"})
		w.sendMetrics(t, metrics(t, "tasks", "1", func(m pmetric.Metric) {
			s := m.SetEmptySum()
			s.SetIsMonotonic(true)
			p := s.DataPoints().AppendEmpty()
			stamp(p)
			p.SetIntValue(3)
			if order {
				p.Attributes().PutStr("feature_flag.result.variant", "treatment")
			}
			for k, v := range arm.with(point) {
				p.Attributes().PutStr(k, v.(string)) //nolint:forcetypeassert // all are text
			}
			for k, v := range resource {
				p.Attributes().PutStr(k, v.(string)) //nolint:forcetypeassert // all are text
			}
		}))
		o, err := gate.ParseObservation([]byte(w.store.lines[0]))
		if err != nil {
			t.Fatal(err)
		}
		return o.Unit
	}
	same := id(nil, nil, false)
	if again := id(nil, nil, true); again != same {
		t.Errorf("in another order: %s and %s", same, again)
	}
	if other := id(nil, attrs{"tool": "x"}, false); other == same {
		t.Error("another attribute is no other series")
	}
}

// The buckets of an exponential histogram hold the values that were put there,
// and meet each other when they are merged.
func TestExponentialBuckets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		scale := rapid.Int32Range(-4, 8).Draw(rt, "scale")
		v := rapid.Float64Range(1e-6, 1e6).Draw(rt, "value")
		index := int32(math.Ceil(math.Ldexp(math.Log2(v), int(scale)))) - 1
		p := point{count: 1, scale: scale, offset: index, counts: []uint64{1}}
		var a gate.Aggregate
		if ref := p.fillExponential(&a, 1, nil); ref != nil || len(a.Buckets) != 1 {
			rt.Fatal(ref, a)
		}
		b := a.Buckets[0]
		if v < b.Gt*(1-1e-9) || v > *b.Le*(1+1e-9) {
			rt.Errorf("%v is not in (%v, %v]", v, b.Gt, *b.Le)
		}
		p.scale, p.offset = scale-1, index>>1
		var wide gate.Aggregate
		p.fillExponential(&wide, 1, nil)
		if w := wide.Buckets[0]; w.Gt > b.Gt || *w.Le < *b.Le {
			rt.Errorf("(%v, %v] is not within (%v, %v]", b.Gt, *b.Le, w.Gt, *w.Le)
		}
	})
}
