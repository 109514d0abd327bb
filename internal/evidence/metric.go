package evidence

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lockflight/lockflight/internal/gate"
)

// The fields of Metric and of the types of data that it may hold
// (opentelemetry/proto/metrics/v1).
const (
	fieldName, fieldUnit                       = 1, 3
	typeSum, typeHistogram, typeExponential    = 7, 9, 10
	typeLeast, typeMost                        = 5, 11 // gauge, summary
	fieldPoints, fieldTemporality, fieldRising = 1, 2, 3
	temporalityCumulative                      = 2
	flagNoValue                                = 1
)

// series is what all data points of one metric have in common.
type series struct {
	name, unit string
	typ        protowire.Number
	cumulative bool
	rising     bool // of a sum: it never falls
}

// metric reads a Metric. Each of its data points that names a flag and its arm
// is evidence for the signals whose source is this metric; any other is no
// business of ours.
func (t *telemetry) metric(message []byte) error {
	var s series
	var data []byte
	f := walk(message)
	for f.next() {
		switch {
		case f.message(fieldName):
			s.name = string(f.bytes)
		case f.message(fieldUnit):
			s.unit = string(f.bytes)
		case f.num >= typeLeast && f.num <= typeMost && f.message(f.num):
			s.typ, data = f.num, f.bytes
		}
	}
	if f.err != nil {
		return f.err
	}
	f = walk(data)
	for f.next() {
		s.cumulative = s.cumulative || f.num == fieldTemporality && f.bits == temporalityCumulative
		s.rising = s.rising || f.num == fieldRising && f.bits != 0
	}
	return cmp.Or(f.err, each(data, fieldPoints, func(p []byte) error {
		t.current++
		return t.point(&s, p)
	}))
}

// point reads one data point.
func (t *telemetry) point(s *series, message []byte) error {
	p, err := t.readPoint(s.typ, message)
	if err != nil {
		return err
	}
	of := subject{env: t.env, attrs: &t.own}
	of.above[1] = &t.resource
	flag := of.text(attrFlag)
	if flag == "" || p.none {
		t.note(&refusal{cause: gate.Foreign})
		return nil
	}
	r, ref := t.release(t.env, flag)
	if ref != nil {
		t.fail(ref)
		return nil
	}
	used := false
	for i := range r.policy.Signals {
		if sig := &r.policy.Signals[i]; sig.Source.Aggregated() && sig.Source.Metric == s.name {
			used = true
			if ref := t.aggregate(r, sig, s, &p, &of); ref != nil {
				t.fail(ref)
				return nil
			}
		}
	}
	if !used {
		t.note(&refusal{cause: gate.UnknownSignal, release: r.view.ID})
	}
	return nil
}

// aggregate accepts a data point as an observation of a signal.
func (t *telemetry) aggregate(r *release, sig *gate.Signal, s *series, p *point, of *subject) *refusal {
	id := of.identity()
	a := gate.Aggregate{From: timeOf(time.Time{}, p.start).UTC(), Cumulative: s.cumulative}
	switch {
	case p.start == 0 || p.end == 0:
		return r.refusal(gate.Malformed, "start_time_unix_nano", "is missing: without it nobody can tell an emitter that starts again")
	case !s.cumulative && a.From.Before(r.view.StartedAt):
		t.note(&refusal{cause: Ancient, release: r.view.ID}) // one interval of each series: no fault of its sender
		return nil
	case id.variant != gate.Treatment && id.variant != gate.Control:
		return r.refusal(Unjoinable, "arm", quote(id.variant)+" names no arm: a metric's points must say treatment or control")
	case id.build == "":
		return r.refusal(gate.Malformed, "build", "is missing: name the build that served, here or in "+attrBuild.String())
	}
	if ref := p.fill(&a, r, sig, s); ref != nil {
		return ref
	}
	if sig.Kind == gate.Bernoulli && !p.failed(of) {
		a.K = a.N
	}
	return t.accept(&gate.Observation{
		At: timeOf(t.now, p.end).UTC(), Environment: t.env, Flag: r.view.Flag, Arm: id.variant, Unit: t.seriesID(s, p), Build: id.build,
		Signal: sig.Name, Aggregate: &a,
	}, nil)
}

// failed says whether what the point counts has failed: semantic conventions
// put error.type on such points, and evaluators a label.
func (*point) failed(of *subject) bool {
	return of.attrs.text(attrError) != "" || labels[normal(of.attrs.text(attrLabel))] == failed
}

// seriesID names the series of a point: all that tells its emitter and its
// attributes, in whatever order they are on the wire.
func (t *telemetry) seriesID(s *series, p *point) string {
	h := sha256.New()
	for _, part := range [...][][]byte{t.resourceAttributes(), {t.scope(), []byte(s.name)}, p.attributes} {
		slices.SortFunc(part, slices.Compare)
		for _, one := range part {
			h.Write(protowire.AppendBytes(nil, one))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (t *telemetry) resourceAttributes() (all [][]byte) {
	_ = each(t.resourceMessage, fieldAttributes, func(kv []byte) error { // it was read before
		all = append(all, kv)
		return nil
	})
	return all
}

// scope returns the InstrumentationScope of the metric.
func (t *telemetry) scope() (scope []byte) {
	_ = each(t.scopeMessage, fieldResource, func(m []byte) error {
		scope = m
		return nil
	})
	return scope
}

// units are those of time, in nanoseconds (UCUM).
var units = map[string]float64{"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9}

// factor returns what a value of the metric is to be multiplied by.
func (s *series) factor(r *release, sig *gate.Signal) (float64, *refusal) {
	want := sig.Source.Unit
	if want == "" || want == s.unit {
		return 1, nil
	}
	have, ok := units[s.unit]
	if !ok {
		return 0, r.refusal(gate.BadValue, "metric.unit", quote(s.unit)+" is no time that could be told in "+want)
	}
	return have / units[want], nil
}

// scaled multiplies an edge, without the last bits that this leaves: 20.48 s is
// 20480 ms.
func scaled(edge, factor float64) float64 {
	x, _ := strconv.ParseFloat(strconv.FormatFloat(edge*factor, 'g', 12, 64), 64)
	return x
}

// bucket appends a bucket that is not empty.
func bucket(to []gate.Bucket, n uint64, gt, le, factor float64) []gate.Bucket {
	if n == 0 {
		return to
	}
	b := gate.Bucket{Gt: max(scaled(gt, factor), 0), N: gate.Count(min(n, 1<<52))}
	if edge := scaled(le, factor); !math.IsInf(edge, 1) {
		b.Le = &edge
	}
	return append(to, b)
}
