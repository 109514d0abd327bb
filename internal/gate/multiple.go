package gate

import (
	"cmp"
	"slices"
)

// Holm returns which of several hypotheses are refuted at level alpha, the
// chance of any false one being at most that: the i-th smallest of m p-values
// must be at most alpha/(m-i+1). It is for reports that look once, such as
// those of a build, and controls nothing at many looks.
func Holm(p []float64, alpha float64) []bool {
	refuted := make([]bool, len(p))
	for rank, i := range ordered(p, cmp.Compare[float64]) {
		if !(p[i] <= alpha/float64(len(p)-rank)) {
			break
		}
		refuted[i] = true
	}
	return refuted
}

// EBH returns which of several hypotheses are refuted by their e-values, the
// expected share of false ones being at most alpha, whatever the dependence
// (Wang and Ramdas, arXiv:2009.02824): the k largest, for the last k whose
// k-th is at least m/(k·alpha). It is for lists over many releases. It must
// not drive a rollback: it does not control what running maxima do
// (arXiv:2501.19360).
func EBH(e []float64, alpha float64) []bool {
	order := ordered(e, func(a, b float64) int { return cmp.Compare(b, a) })
	last := 0
	for rank, i := range order {
		if k := float64(rank + 1); e[i] >= float64(len(e))/(k*alpha) {
			last = rank + 1
		}
	}
	refuted := make([]bool, len(e))
	for _, i := range order[:last] {
		refuted[i] = true
	}
	return refuted
}

// ordered returns the indices of values in order, ties by index.
func ordered(values []float64, compare func(a, b float64) int) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compare(values[a], values[b]) })
	return order
}
