package drift

import (
	"errors"
	"math"
	"slices"
)

// errShape says that two histograms cannot be compared.
var errShape = errors.New("want two histograms with the same bins, at least two, and counts in both")

// shares turns two histograms into shares of the same bins, after adding
// smooth to each count.
func shares(reference, current []float64, smooth float64) (p, q []float64, err error) {
	if len(reference) != len(current) || len(reference) < 2 {
		return nil, nil, errShape
	}
	p, okP := normalise(reference, smooth)
	q, okQ := normalise(current, smooth)
	if !okP || !okQ {
		return nil, nil, errShape
	}
	return p, q, nil
}

func normalise(counts []float64, smooth float64) ([]float64, bool) {
	shares, sum := make([]float64, len(counts)), 0.0
	for i, c := range counts {
		if !(c >= 0) || math.IsInf(c, 1) {
			return nil, false
		}
		shares[i] = c + smooth
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares, sum > 0
}

// PSI returns the population stability index of two histograms of counts,
// each count with one half added, so that an empty bin is no infinity.
func PSI(reference, current []float64) (float64, error) {
	p, q, err := shares(reference, current, 0.5)
	if err != nil {
		return 0, err
	}
	return psi(p, q), nil
}

func psi(p, q []float64) float64 {
	sum := 0.0
	for i := range p {
		sum += (q[i] - p[i]) * math.Log(q[i]/p[i])
	}
	return sum
}

// PSICritical returns the PSI that two samples of n and m from one distribution
// over so many bins exceed with probability .05: (1/n+1/m)·χ²(.95, bins-1)
// (Yurdakul 2018).
func PSICritical(n, m float64, bins int) float64 {
	return (1/n + 1/m) * chiSquareQuantile(0.95, float64(bins-1))
}

// Shift is what a PSI says.
type Shift string

// The shifts.
const (
	Stable  Shift = "stable"
	Warning Shift = "warning" // above .10, and more than chance
	Alert   Shift = "alert"   // above .25, and more than chance
)

// Judge says what a PSI of two samples means: the conventional limits, and
// never less than chance alone would give.
func Judge(psi, n, m float64, bins int) Shift {
	critical := PSICritical(n, m, bins)
	switch {
	case psi > max(0.25, critical):
		return Alert
	case psi > max(0.10, critical):
		return Warning
	}
	return Stable
}

// JensenShannon returns the Jensen-Shannon distance of two histograms: 0 for
// the same shares, 1 for no bin in common. It is the root of the divergence in
// bits.
func JensenShannon(reference, current []float64) (float64, error) {
	p, q, err := shares(reference, current, 0)
	if err != nil {
		return 0, err
	}
	return math.Sqrt(jensenShannon(p, q) / math.Ln2), nil
}

// jensenShannon returns the divergence in nats.
func jensenShannon(p, q []float64) float64 {
	sum := 0.0
	for i := range p {
		m := (p[i] + q[i]) / 2
		for _, x := range []float64{p[i], q[i]} {
			if x > 0 {
				sum += x * math.Log(x/m) / 2
			}
		}
	}
	return max(0, sum)
}

// KS returns the Kolmogorov-Smirnov distance of two samples and its asymptotic
// p-value; 0 and 1 where either is empty.
func KS(a, b []float64) (distance, p float64) {
	if len(a) == 0 || len(b) == 0 {
		return 0, 1
	}
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	n, m := float64(len(a)), float64(len(b))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x := min(a[i], b[j])
		for i < len(a) && a[i] <= x {
			i++
		}
		for j < len(b) && b[j] <= x {
			j++
		}
		distance = max(distance, math.Abs(float64(i)/n-float64(j)/m))
	}
	return distance, kolmogorov(distance * math.Sqrt(n*m/(n+m)))
}

// kolmogorov returns the chance that the limit of a KS statistic exceeds z.
func kolmogorov(z float64) float64 {
	if z < 0.2 {
		return 1 // to 1e-12, where the series converges slowly
	}
	sum, sign := 0.0, 1.0
	for j := 1.0; j <= 100; j++ {
		sum += sign * math.Exp(-2*j*j*z*z)
		sign = -sign
	}
	return min(1, max(0, 2*sum))
}

// chiSquareQuantile returns the quantile of the chi-square distribution by
// bisection of its distribution function.
func chiSquareQuantile(p, degrees float64) float64 {
	if degrees <= 0 {
		return 0
	}
	lo, hi := 0.0, degrees+20*math.Sqrt(2*degrees)+20
	for range 80 {
		if mid := (lo + hi) / 2; gammaShare(degrees/2, mid/2) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// gammaShare returns the regularised lower incomplete gamma function P(a, x) by
// its power series.
func gammaShare(a, x float64) float64 {
	if x <= 0 {
		return 0
	}
	term := 1 / a
	sum := term
	for n := 1.0; n < 10_000 && term > sum*1e-16; n++ {
		term *= x / (a + n)
		sum += term
	}
	g, _ := math.Lgamma(a)
	return min(1, sum*math.Exp(a*math.Log(x)-x-g))
}
