package gate

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHolm(t *testing.T) {
	t.Parallel()
	// m = 4, alpha .05: the thresholds are .0125, .01667, .025, .05.
	for _, tc := range []struct {
		p    []float64
		want []bool
	}{
		{[]float64{0.0125, 0.0166, 0.025, 0.05}, []bool{true, true, true, true}},
		{[]float64{0.05, 0.0166, 0.0126, 0.025}, []bool{false, false, false, false}},
		{[]float64{0.05, 0.017, 0.012, 0.025}, []bool{false, false, true, false}},
		{[]float64{0.01, math.NaN()}, []bool{false, false}},
		{nil, []bool{}},
	} {
		if diff := cmp.Diff(tc.want, Holm(tc.p, 0.05)); diff != "" {
			t.Errorf("%v (-want +got)\n%s", tc.p, diff)
		}
	}
}

func TestEBH(t *testing.T) {
	t.Parallel()
	// K = 5, alpha .1: the thresholds are 50, 25, 16.67, 12.5, 10.
	for _, tc := range []struct {
		e    []float64
		want []bool
	}{
		{[]float64{80, 30, 25, 3, 0.5}, []bool{true, true, true, false, false}},
		{[]float64{0.5, 25, 3, 80, 30}, []bool{false, true, false, true, true}},
		{[]float64{49, 24, 16, 12, 9}, []bool{false, false, false, false, false}},
		{[]float64{10, 10, 10, 10, 10}, []bool{true, true, true, true, true}},
		{nil, []bool{}},
	} {
		if diff := cmp.Diff(tc.want, EBH(tc.e, 0.1)); diff != "" {
			t.Errorf("%v (-want +got)\n%s", tc.e, diff)
		}
	}
}
