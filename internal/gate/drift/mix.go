package drift

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
)

// mixCases is how many cases a mix is made of, the reference and each one that
// is compared with it; mixBins is how many kinds are told apart, the rest being
// one more.
const (
	mixCases = 500
	mixBins  = 30
)

// Mix compares what kinds of cases there are with what there were first: the
// mix of the first 500 cases after 100 % and of each 500 that follow. It warns,
// and never acts: that other people ask other things is no fault of a build.
type Mix struct {
	Reference map[string]int64 `json:"reference,omitempty"`
	Current   map[string]int64 `json:"current,omitempty"`
	Shift     Shift            `json:"shift,omitempty"` // of the last 500; "" before there were any
	PSI       float64          `json:"psi,omitempty"`
	JS        float64          `json:"js,omitempty"` // the Jensen-Shannon distance, 0 to 1
}

// add counts a case of a kind.
func (m *Mix) add(kind string) {
	if m.Reference == nil {
		m.Reference = map[string]int64{}
	}
	if total(m.Reference) < mixCases {
		count(m.Reference, kind)
		return
	}
	if m.Current == nil {
		m.Current = map[string]int64{}
	}
	count(m.Current, kind)
	if total(m.Current) == mixCases {
		m.compare()
		m.Current = nil
	}
}

// compare judges the current mix.
func (m *Mix) compare() {
	kinds := slices.Collect(maps.Keys(m.Reference))
	for kind := range m.Current {
		if m.Reference[kind] == 0 {
			kinds = append(kinds, kind)
		}
	}
	slices.SortFunc(kinds, cmp.Compare[string])
	if len(kinds) < 2 {
		m.Shift, m.PSI, m.JS = Stable, 0, 0
		return
	}
	before, now := make([]float64, len(kinds)), make([]float64, len(kinds))
	for i, kind := range kinds {
		before[i], now[i] = float64(m.Reference[kind]), float64(m.Current[kind])
	}
	// Both have counts in the same two bins or more, so neither errs.
	m.PSI, _ = PSI(before, now)
	m.JS, _ = JensenShannon(before, now)
	m.Shift = Judge(m.PSI, mixCases, mixCases, len(kinds))
}

func count(mix map[string]int64, kind string) {
	if _, known := mix[kind]; !known && len(mix) >= mixBins {
		kind = "…"
	}
	mix[kind]++
}

func total(mix map[string]int64) int64 {
	sum := int64(0)
	for _, n := range mix {
		sum += n
	}
	return sum
}

// magnitude is the kind of a value: the power of two that it reaches.
func magnitude(v float64) string {
	if v < 1 {
		return "0"
	}
	return strconv.FormatFloat(math.Exp2(math.Floor(math.Log2(v))), 'f', -1, 64)
}
