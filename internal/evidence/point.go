package evidence

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lockflight/lockflight/internal/gate"
)

// point is a data point of a sum or a histogram.
type point struct {
	attributes [][]byte // as on the wire
	start, end uint64   // nanoseconds since 1970
	none       bool     // it says that nothing was recorded
	value      float64  // of a sum
	count      uint64   // of a histogram

	counts []uint64  // of explicit buckets
	bounds []float64 // between them

	scale, offset int32 // of exponential buckets
	zero          uint64
	threshold     float64 // values up to it are in zero
	negative      bool
}

// The fields of data points: what a number means depends on their type.
var pointFields = map[protowire.Number]struct{ attributes, flags protowire.Number }{
	typeSum: {7, 8}, typeHistogram: {9, 10}, typeExponential: {1, 10},
}

// readPoint reads a data point, and what it has of attributes into t.own. Of
// types that are not read it is empty.
func (t *telemetry) readPoint(typ protowire.Number, message []byte) (p point, err error) {
	const started, ended = 2, 3
	t.own.reset()
	at, known := pointFields[typ]
	if !known {
		p.none = true
		return p, nil
	}
	f := walk(message)
	for f.next() {
		switch {
		case f.message(at.attributes):
			p.attributes = append(p.attributes, f.bytes)
			f.err = t.wire.attribute(f.bytes, &t.own)
		case f.num == at.flags && f.typ == protowire.VarintType:
			p.none = f.bits&flagNoValue != 0
		case f.fixed(started):
			p.start = f.bits
		case f.fixed(ended):
			p.end = f.bits
		case typ == typeSum:
			p.number(&f)
		case typ == typeHistogram:
			p.explicit(&f)
		case typ == typeExponential:
			p.exponential(&f)
		}
	}
	return p, f.err
}

// number reads a field of a NumberDataPoint.
func (p *point) number(f *fields) {
	const double, integer = 4, 6
	switch {
	case f.fixed(double):
		p.value = math.Float64frombits(f.bits)
	case f.fixed(integer):
		p.value = float64(int64(f.bits))
	}
}

// explicit reads a field of a HistogramDataPoint.
func (p *point) explicit(f *fields) {
	const count, counts, bounds = 4, 6, 7
	switch {
	case f.fixed(count):
		p.count = f.bits
	case f.num == counts:
		p.counts = packedFixed(f, p.counts, func(bits uint64) uint64 { return bits })
	case f.num == bounds:
		p.bounds = packedFixed(f, p.bounds, math.Float64frombits)
	}
}

// packedFixed reads repeated numbers of eight bytes, which may be packed.
func packedFixed[T any](f *fields, to []T, as func(uint64) T) []T {
	if f.typ == protowire.Fixed64Type {
		return append(to, as(f.bits))
	}
	for rest := f.bytes; len(rest) >= 8; rest = rest[8:] {
		to = append(to, as(binary.LittleEndian.Uint64(rest)))
	}
	return to
}

// exponential reads a field of an ExponentialHistogramDataPoint.
func (p *point) exponential(f *fields) {
	const count, scale, zero, positive, negative, threshold = 4, 6, 7, 8, 9, 14
	switch {
	case f.fixed(count):
		p.count = f.bits
	case f.num == scale && f.typ == protowire.VarintType:
		p.scale = int32(protowire.DecodeZigZag(f.bits))
	case f.fixed(zero):
		p.zero = f.bits
	case f.fixed(threshold):
		p.threshold = math.Float64frombits(f.bits)
	case f.message(positive):
		p.offset, p.counts, f.err = exponentialBuckets(f.bytes)
	case f.message(negative):
		var counts []uint64
		_, counts, f.err = exponentialBuckets(f.bytes)
		for _, n := range counts {
			p.negative = p.negative || n > 0
		}
	}
}

// exponentialBuckets reads Buckets.
func exponentialBuckets(message []byte) (offset int32, counts []uint64, err error) {
	const first, all = 1, 2
	f := walk(message)
	for f.next() {
		switch {
		case f.num == first && f.typ == protowire.VarintType:
			offset = int32(protowire.DecodeZigZag(f.bits))
		case f.num == all && f.typ == protowire.VarintType:
			counts = append(counts, f.bits)
		case f.message(all):
			for rest := f.bytes; len(rest) > 0; {
				n, size := protowire.ConsumeVarint(rest)
				if size < 0 {
					return 0, nil, errTruncated
				}
				counts, rest = append(counts, n), rest[size:]
			}
		}
	}
	return offset, counts, f.err
}

// fill writes what the point has counted.
func (p *point) fill(a *gate.Aggregate, r *release, sig *gate.Signal, s *series) *refusal {
	bad := func(field, format string, args ...any) *refusal {
		return r.refusal(gate.BadValue, field, fmt.Sprintf(format, args...))
	}
	if s.typ == typeSum {
		switch {
		case sig.Kind == gate.Quantile:
			return bad("data", "of %s is a sum: %s needs a histogram", s.name, sig.Name)
		case !s.rising:
			return bad("is_monotonic", "of %s is false: what may fall again is no count", s.name)
		case p.value < 0 || p.value != math.Trunc(p.value) || p.value > 1<<52:
			return bad("value", "of %s is %v: want a whole number from 0", s.name, p.value)
		}
		a.N = gate.Count(p.value)
		return nil
	}
	if p.count > 1<<52 {
		return bad("count", "of %s cannot be", s.name)
	}
	a.N = gate.Count(p.count)
	if sig.Kind != gate.Quantile {
		return nil
	}
	factor, ref := s.factor(r, sig)
	if ref != nil {
		return ref
	}
	if s.typ == typeHistogram {
		return p.fillExplicit(a, factor, bad)
	}
	return p.fillExponential(a, factor, bad)
}

func (p *point) fillExplicit(a *gate.Aggregate, factor float64, bad func(field, format string, args ...any) *refusal) *refusal {
	if len(p.bounds) == 0 || len(p.counts) != len(p.bounds)+1 {
		return bad("explicit_bounds", "has %d bounds of %d buckets: want one bound between each two, and one at least", len(p.bounds), len(p.counts))
	}
	for i, n := range p.counts {
		gt, le := 0.0, math.Inf(1)
		if i > 0 {
			gt = p.bounds[i-1]
		}
		if i < len(p.bounds) {
			le = p.bounds[i]
		}
		if n > 0 && (le < gt || gt < 0 || math.IsNaN(le)) {
			return bad("explicit_bounds", "have a bucket from %v to %v: want 0 or more, ascending", gt, le)
		}
		a.Buckets = bucket(a.Buckets, n, gt, le, factor)
	}
	return nil
}

// fillExponential makes buckets of a base-2 exponential histogram: bucket i is
// above 2^(i/2^scale), up to 2^((i+1)/2^scale).
func (p *point) fillExponential(a *gate.Aggregate, factor float64, bad func(field, format string, args ...any) *refusal) *refusal {
	const most = 20 // of scale, by the data model
	switch {
	case p.negative:
		return bad("negative", "has values below 0")
	case p.scale > most || p.scale < -most || p.offset > 1<<28 || p.offset < -1<<28:
		return bad("scale", "is %d: want -20 to 20", p.scale)
	}
	a.Buckets = bucket(a.Buckets, p.zero, 0, max(p.threshold, 0), factor)
	edge := func(i int) float64 { return math.Exp2(math.Ldexp(float64(i), -int(p.scale))) }
	for i, n := range p.counts {
		at := int(p.offset) + i
		a.Buckets = bucket(a.Buckets, n, edge(at), edge(at+1), factor)
	}
	return nil
}
