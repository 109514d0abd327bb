package gate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// span is where the values of a bucket are.
type span struct{ gt, le float64 }

// histogram is how many values are in each bucket. Those of several emitters
// may overlap.
type histogram map[span]Count

// add adds buckets to it, sign times.
func (h histogram) add(buckets []Bucket, sign Count) {
	for _, b := range buckets {
		h[span{b.Gt, b.upper()}] += sign * b.N
	}
}

// within adds buckets, sign times, each to the one that contains it: an
// exponential histogram merges its buckets as it grows. It says whether each had
// one.
func (h histogram) within(buckets []Bucket, sign Count) bool {
	for _, b := range buckets {
		at := span{b.Gt, b.upper()}
		if _, known := h[at]; !known {
			for s := range h {
				if s.gt <= at.gt && at.le <= s.le {
					at = s
					break
				}
			}
		}
		if h[at] += sign * b.N; h[at] < 0 {
			return false
		}
	}
	return true
}

// widest is how wide a bucket may be, as a share of its lower edge, for a limit
// that lies within it: an exponential histogram of scale 3 has buckets of 9 %.
const widest = 0.1

// above counts the values that are greater than a limit. Where the limit is
// within a bucket, inside are the values of which that is not known; the error
// says so where the bucket is too wide to pass over it.
func (h histogram) above(limit float64) (above, inside Count, err error) {
	for s, n := range h {
		switch {
		case n == 0 || s.le <= limit:
		case s.gt >= limit:
			above += n
		case s.le > s.gt*(1+widest):
			return 0, 0, fmt.Errorf("%v is not an edge of the histogram's buckets: %d values are somewhere above %v, up to %v; record them in a bucket that ends at %v, or in an exponential histogram", limit, n, s.gt, s.le, limit)
		default:
			inside += n
		}
	}
	return above, inside, nil
}

// at returns what the values of two ranks, from 1, are at least and at most.
// Values that are raised, or lowered, to the edges of their buckets keep their
// order, so the edges in order bound the values in order.
func (h histogram) at(low, high Count) (least, most float64) {
	spans := slices.Collect(maps.Keys(h))
	rank := func(rank Count, edge func(span) float64) float64 {
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(edge(a), edge(b)) })
		for _, s := range spans {
			if rank -= h[s]; rank <= 0 {
				return edge(s)
			}
		}
		return 0
	}
	return rank(low, func(s span) float64 { return s.gt }), rank(high, func(s span) float64 { return s.le })
}
