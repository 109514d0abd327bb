package gate

import "slices"

// sortedValues keeps numbers in order. Changes are collected and merged when
// the order is asked for, so that a burst costs one pass.
type sortedValues struct {
	sorted         []float64
	added, removed []float64
}

func (v *sortedValues) add(x float64) { v.added = append(v.added, x) }

// remove takes out a number that was added.
func (v *sortedValues) remove(x float64) { v.removed = append(v.removed, x) }

// at returns the number of a rank, counted from 1.
func (v *sortedValues) at(rank int) float64 {
	v.merge()
	return v.sorted[rank-1]
}

func (v *sortedValues) merge() {
	if len(v.added) > 0 {
		slices.Sort(v.added)
		v.insert()
		v.added = v.added[:0]
	}
	if len(v.removed) > 0 {
		slices.Sort(v.removed)
		v.drop()
		v.removed = v.removed[:0]
	}
}

// insert merges the sorted additions from the back, in place.
func (v *sortedValues) insert() {
	i, j := len(v.sorted)-1, len(v.added)-1
	v.sorted = append(v.sorted, v.added...)
	for k := len(v.sorted) - 1; j >= 0; k-- {
		if i >= 0 && v.sorted[i] > v.added[j] {
			v.sorted[k] = v.sorted[i]
			i--
		} else {
			v.sorted[k] = v.added[j]
			j--
		}
	}
}

// drop deletes one occurrence of each of the sorted removals.
func (v *sortedValues) drop() {
	kept, j := v.sorted[:0], 0
	for _, x := range v.sorted {
		if j < len(v.removed) && v.removed[j] == x {
			j++
			continue
		}
		kept = append(kept, x)
	}
	v.sorted = kept
}
