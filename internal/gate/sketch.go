package gate

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"
)

const (
	sketchAccuracy = 0.01 // relative, of every value it returns
	sketchGamma    = (1 + sketchAccuracy) / (1 - sketchAccuracy)
	sketchLeast    = -1100 // bucket of 2.8e-10; what is smaller counts as 0
	sketchMost     = 2200  // bucket of 1.3e19; what is greater counts as that
	sketchPrefix   = "ddsketch:1:"
)

// lnSketchGamma is the width of a bucket.
var lnSketchGamma = ln(sketchGamma)

// Sketch holds how many values fell into each bucket of a geometric series, so
// that any quantile is known to 1 %: a DDSketch (Masson, Rim and Lee, VLDB
// 2019). Adding and merging commute, so that edges and replicas fold their
// own. The zero Sketch is empty. It is not safe for concurrent use.
type Sketch struct {
	zero    Count
	first   int // the bucket of buckets[0]
	buckets []Count
}

// Add counts one value, 0 or more; what is not a number is not counted.
func (s *Sketch) Add(v float64) {
	if v >= 0 {
		s.add(bucketOf(v), 1)
	}
}

// bucketOf returns the bucket of a value: floor of its logarithm to base γ.
func bucketOf(v float64) int {
	b := math.Floor(ln(v) / lnSketchGamma)
	if b < sketchLeast {
		return sketchLeast - 1
	}
	return int(min(b, sketchMost))
}

// add counts n values in a bucket; one below the least is zero.
func (s *Sketch) add(bucket int, n Count) {
	if bucket < sketchLeast {
		s.zero += n
		return
	}
	if len(s.buckets) == 0 {
		s.first = bucket
	}
	if missing := s.first - bucket; missing > 0 {
		s.buckets = append(make([]Count, missing), s.buckets...)
		s.first = bucket
	}
	if missing := bucket - s.first - len(s.buckets) + 1; missing > 0 {
		s.buckets = append(s.buckets, make([]Count, missing)...)
	}
	s.buckets[bucket-s.first] += n
}

// Merge adds what another sketch holds.
func (s *Sketch) Merge(o *Sketch) {
	s.zero += o.zero
	for i, n := range o.buckets {
		if n > 0 {
			s.add(o.first+i, n)
		}
	}
}

// Count returns how many values were added.
func (s *Sketch) Count() Count {
	n := s.zero
	for _, b := range s.buckets {
		n += b
	}
	return n
}

// At returns the bucket of the value of a rank, counted from 1: the value is
// at least lo and below hi. An interval from the lo of one rank to the hi of
// another keeps the guarantee of the ranks; the middle of a bucket times
// 1+accuracy would miss its upper edge by a hundredth of a percent.
func (s *Sketch) At(rank Count) (lo, hi float64) {
	if rank <= s.zero {
		return 0, edge(sketchLeast)
	}
	seen := s.zero
	for i, n := range s.buckets {
		if seen += n; seen >= rank {
			return edge(s.first + i), edge(s.first + i + 1)
		}
	}
	return edge(sketchMost), edge(sketchMost + 1)
}

// Quantile returns the value of rank q(n-1), counted from 0, to 1 %; 0 where
// the sketch is empty.
func (s *Sketch) Quantile(q float64) float64 {
	n := s.Count()
	rank := Count(q * float64(n-1))
	if n == 0 || rank < s.zero {
		return 0
	}
	lo, _ := s.At(rank + 1)
	return lo * (1 + sketchAccuracy)
}

// edge returns γ to the power of a bucket, by squaring: the same bits
// everywhere, and within 1e-12.
func edge(bucket int) float64 {
	base, power := sketchGamma, 1.0
	if bucket < 0 {
		base, bucket = 1/base, -bucket
	}
	for ; bucket > 0; bucket >>= 1 {
		if bucket&1 == 1 {
			power = float64(power * base)
		}
		base = float64(base * base)
	}
	return power
}

// MarshalText writes "ddsketch:1:" and base64 of varints: the count of zeros,
// the first bucket, and the counts from there on.
func (s *Sketch) MarshalText() ([]byte, error) {
	raw := binary.AppendVarint(binary.AppendVarint(nil, int64(s.zero)), int64(s.first))
	for _, n := range s.buckets {
		raw = binary.AppendVarint(raw, int64(n))
	}
	return []byte(sketchPrefix + base64.StdEncoding.EncodeToString(raw)), nil
}

// UnmarshalText reads what MarshalText wrote; its error is a *FieldError. The
// sketch of another program, in another format, is read as an empty one, which
// proves nothing.
func (s *Sketch) UnmarshalText(text []byte) error {
	*s = Sketch{}
	coded, ok := strings.CutPrefix(string(text), sketchPrefix)
	if !ok {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return wrongField("", "want a sketch in base64: "+err.Error())
	}
	var numbers []int64
	for len(raw) > 0 {
		v, n := binary.Varint(raw)
		if n <= 0 {
			return wrongField("", "a sketch that is cut off")
		}
		numbers, raw = append(numbers, v), raw[n:]
	}
	return s.fill(numbers)
}

// fill takes the numbers of a text: zeros, first bucket, counts.
func (s *Sketch) fill(numbers []int64) error {
	if len(numbers) < 2 {
		return wrongField("", "want a sketch: zeros, first bucket, counts")
	}
	first, counts := numbers[1], numbers[2:]
	if first < sketchLeast || first > sketchMost || first+int64(len(counts)) > sketchMost+1 {
		return wrongField("", "a sketch with buckets out of range")
	}
	filled := Sketch{zero: Count(numbers[0]), first: int(first)}
	total := numbers[0]
	for _, n := range counts {
		if n < 0 || n > maxCount || total < 0 || total > maxCount {
			return wrongField("", "a sketch with counts that cannot be")
		}
		total += n
		filled.buckets = append(filled.buckets, Count(n))
	}
	if total < 0 || total > maxCount {
		return wrongField("", "a sketch with counts that cannot be")
	}
	*s = filled
	return nil
}
