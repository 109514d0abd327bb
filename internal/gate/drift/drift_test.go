package drift

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func checkFigure(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.9g, want %.9g", what, got, want)
	}
}

// One stake of the mixture on (1, 1, 0, 0, 0, 0) with p0 = .9 and λ = .4.
func TestDetectorFigures(t *testing.T) {
	t.Parallel()
	d := NewDetector(0.9)
	want := []float64{0.955556, 1.868642, 4.016099, 7.022538, 11.231554, 17.124175}
	for i, x := range []float64{1, 1, 0, 0, 0, 0} {
		d.Add(x)
		checkFigure(t, fmt.Sprintf("M_%d", i+1), d.Sum[3], want[i], 1e-6)
	}
	d.Reset()
	if d.Value() != 0 || d.N != 0 || d.P0 != 0.9 {
		t.Errorf("after Reset %+v", d)
	}
}

// While the mean is p0, the value less the number of cases gains nothing in the
// mean: that is what makes the threshold the average run length. It holds for
// every p0, and no increment is negative.
func TestDetectorIsFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := NewDetector(rapid.Float64Range(0.01, 1).Draw(t, "p0"))
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			d.Add(float64(rapid.IntRange(0, 4).Draw(t, "x")) / 4)
		}
		before, good, bad := d.Value(), *d, *d
		mean := d.P0*good.Add(1) + (1-d.P0)*bad.Add(0)
		if math.Abs(mean-before-1) > 1e-9*(1+before) {
			t.Fatalf("p0 %v: %v becomes %v in the mean", d.P0, before, mean)
		}
		if good.Value() < 0 || bad.Value() < good.Value() {
			t.Fatalf("p0 %v: a good case gives %v, a bad one %v", d.P0, good.Value(), bad.Value())
		}
	})
}

func TestDetectorTakesAnything(t *testing.T) {
	t.Parallel()
	d := NewDetector(0.9)
	for range 100_000 {
		d.Add(math.NaN())
		d.Add(-1)
		d.Add(7)
	}
	if v := d.Value(); math.IsNaN(v) || math.IsInf(v, 0) || !d.Alarmed(1000) {
		t.Errorf("value %v", v)
	}
	checkFigure(t, "one alarm a month for two signals", Threshold(500, 30, 2), 30000, 0)
}

// The run lengths of the classic chart, k = ½.
func TestCusumARL(t *testing.T) {
	t.Parallel()
	for h, row := range map[float64][]float64{4: {338.1, 26.69, 8.34, 3.22}, 5: {938.2, 38.02, 10.34, 3.89}} {
		for i, delta := range []float64{0, 0.5, 1, 2} {
			checkFigure(t, fmt.Sprintf("h=%v δ=%v", h, delta), CusumARL(delta, 0.5, h), row[i], 0.006*row[i])
		}
	}
	checkFigure(t, "two-sided, h=4.77", CusumARL(0, 0.5, 4.77)/2, 371.5, 0.5)
	checkFigure(t, "two-sided, h=4", CusumARL(0, 0.5, 4)/2, 169.0, 0.1)
	checkFigure(t, "two-sided, h=5", CusumARL(0, 0.5, 5)/2, 469.1, 0.1)

	c := Cusum{K: 0.5, H: 4}
	n := 1
	for ; !c.Add(1.5); n++ {
	}
	if n != 5 {
		t.Errorf("a steady 1.5 signals after %d, want 5", n)
	}
}

func TestPageHinkley(t *testing.T) {
	t.Parallel()
	want := map[int]float64{30: 0, 31: 0.382097, 35: 1.796531, 40: 3.352671}
	p := PageHinkley{Delta: 0.005}
	for i := 1; i <= 40; i++ {
		x := 0.1
		if i > 30 {
			x = 0.5
		}
		got := p.Add(x)
		if w, ok := want[i]; ok {
			checkFigure(t, fmt.Sprintf("PH at %d", i), got, w, 1e-6)
		}
	}
	checkFigure(t, "ADWIN", AdwinCut(500, 500, 0.09, 0.002), 0.103356, 1e-6)
}

func TestDistances(t *testing.T) {
	t.Parallel()
	p := []float64{0.25, 0.25, 0.25, 0.25}
	for _, tc := range []struct {
		q              []float64
		psi, js, sqrtJ float64
	}{
		{[]float64{0.20, 0.25, 0.25, 0.30}, 0.020273, 0.002530, 0.060412},
		{[]float64{0.10, 0.20, 0.30, 0.40}, 0.228217, 0.027866, 0.200503},
	} {
		checkFigure(t, "PSI", psi(p, tc.q), tc.psi, 1e-6)
		checkFigure(t, "JS", jensenShannon(p, tc.q), tc.js, 1e-6)
		got, err := JensenShannon(p, tc.q)
		if err != nil {
			t.Fatal(err)
		}
		checkFigure(t, "root JS in bits", got, tc.sqrtJ, 1e-6)
	}
	for z, want := range map[float64]float64{1.0: 0.27, 1.2238: 0.10, 1.3581: 0.05, 1.6276: 0.01} {
		checkFigure(t, fmt.Sprintf("KS p at %v", z), kolmogorov(z), want, 1e-4)
	}
	for _, tc := range []struct {
		n    float64
		bins int
		want float64
	}{{500, 10, 0.0677}, {1000, 10, 0.0338}, {5000, 10, 0.0068}, {500, 20, 0.1206}, {1000, 20, 0.0603}, {5000, 20, 0.0121}} {
		checkFigure(t, fmt.Sprintf("critical PSI, n=%v, %d bins", tc.n, tc.bins), PSICritical(tc.n, tc.n, tc.bins), tc.want, 5e-5)
	}
}

// An index that convention calls a warning is none where chance explains it.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		psi, n float64
		bins   int
		want   Shift
	}{{0.09, 5000, 10, Stable}, {0.12, 5000, 10, Warning}, {0.12, 500, 20, Stable}, {0.3, 5000, 10, Alert}, {0.3, 100, 20, Stable}} {
		if got := Judge(tc.psi, tc.n, tc.n, tc.bins); got != tc.want {
			t.Errorf("PSI %v of %v in %d bins: %s, want %s", tc.psi, tc.n, tc.bins, got, tc.want)
		}
	}
}

func TestDistancesOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 2, 12)
		p, q := counts.Draw(t, "p"), counts.Draw(t, "q")
		index, err := PSI(p, q)
		if err == nil && !(index >= -1e-12) {
			t.Fatalf("PSI %v", index)
		}
		if js, err := JensenShannon(p, q); err == nil && !(js >= 0 && js <= 1+1e-9) {
			t.Fatalf("JS %v", js)
		}
		if d, pValue := KS(p, q); !(d >= 0 && d <= 1 && pValue >= 0 && pValue <= 1) {
			t.Fatalf("KS %v, %v", d, pValue)
		}
	})
	for _, bad := range [][2][]float64{{{1}, {1}}, {{1, 2}, {1, 2, 3}}, {{0, 0}, {1, 1}}, {{1, math.NaN()}, {1, 1}}, {{1, -1}, {1, 1}}} {
		if _, err := JensenShannon(bad[0], bad[1]); err == nil {
			t.Errorf("%v is compared", bad)
		}
	}
	if d, p := KS([]float64{1, 2, 3}, []float64{1, 2, 3}); d != 0 || p != 1 {
		t.Errorf("a sample is %v from itself, p %v", d, p)
	}
	if d, _ := KS([]float64{1, 2}, []float64{3, 4}); d != 1 {
		t.Errorf("samples with nothing in common are %v apart", d)
	}
}

func TestTrendAndJudges(t *testing.T) {
	t.Parallel()
	got := MannKendall([]float64{0.42, 0.44, 0.40, 0.42, 0.5, 0.55, 0.53, 0.6})
	if got.S != 19 {
		t.Errorf("S = %d, want 19", got.S)
	}
	checkFigure(t, "variance", got.Variance, 64.3333, 1e-4)
	checkFigure(t, "z", got.Z, 2.244163, 1e-6)
	checkFigure(t, "p", got.P, 0.024822, 1e-6)
	checkFigure(t, "τ", got.Tau, 0.678571, 1e-6)
	if flat := MannKendall([]float64{1, 1, 1, 1}); flat.P != 1 || flat.Z != 0 {
		t.Errorf("a constant has the trend %+v", flat)
	}
	if short := MannKendall([]float64{1, 2}); short.P != 1 {
		t.Errorf("two figures have the trend %+v", short)
	}

	checkFigure(t, "κ", Kappa([][]float64{{45, 5}, {6, 4}}), 0.3125, 1e-9)
	if !math.IsNaN(Kappa([][]float64{{1, 2}})) || !math.IsNaN(Kappa(nil)) {
		t.Error("a table that is not square has a κ")
	}
	checkFigure(t, "Rogan-Gladen", RoganGladen(0.90, 0.95, 0.90), 0.941176, 1e-6)
	if !math.IsNaN(RoganGladen(0.9, 0.5, 0.5)) || RoganGladen(0.99, 0.9, 0.9) != 1 {
		t.Error("Rogan-Gladen leaves 0 to 1, or believes a coin")
	}
}
