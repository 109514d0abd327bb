package gate

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// mixture is a mixture supermartingale of Howard et al. (arXiv:1810.08240) by
// its definition, an integral over bets λ of exp(λs - ψ(λ)v), computed by
// Simpson's rule: another way than the closed forms, to their figures.
type mixture struct {
	psi      func(lambda float64) float64
	weight   func(lambda float64) float64 // nil: exp(-ρψ) alone
	rho      float64
	from, to float64 // of λ
}

// logE returns the log e-value of a sum s with variance process v.
func (m mixture) logE(s, v float64) float64 {
	return m.integral(s, v) - m.integral(0, 0)
}

func (m mixture) integral(s, v float64) float64 {
	const steps = 20000
	width := (m.to - m.from) / steps
	logs := make([]float64, steps+1)
	for i := range logs {
		l := m.from + width*float64(i)
		logs[i] = l*s - m.psi(l)*(v+m.rho)
		if m.weight != nil {
			logs[i] += math.Log(m.weight(l))
		}
	}
	top, sum := slices.Max(logs), 0.0
	for i, x := range logs {
		sum += math.Exp(x-top) * []float64{2, 4}[i%2]
	}
	sum -= math.Exp(logs[0]-top) + math.Exp(logs[steps]-top)
	return top + math.Log(sum*width/3)
}

// bound returns the sum at which the e-value reaches 1/alpha.
func (m mixture) bound(v, alpha float64) float64 {
	return bisect(0, v, func(s float64) bool { return m.logE(s, v) < -math.Log(alpha) })
}

// The published test values of gostevehoward/confseq, from a reference
// implementation in R; v_opt 100, alpha .05.
func TestAgainstHowardMixtures(t *testing.T) {
	t.Parallel()
	two, one := howardRho(100, 0.05), howardRho(100, 0.10)
	square := func(l float64) float64 { return l * l / 2 }
	const g, h, c = 0.2, 0.8, 2.0
	binomial := func(l float64) float64 { return math.Log((g*math.Exp(h*l)+h*math.Exp(-g*l))/(g+h)) / (g * h) }
	for _, tc := range []struct {
		name        string
		m           mixture
		logE, bound float64
	}{
		{"normal, two-sided", mixture{square, nil, two, -4, 4}, -0.6510052, 30.35209},
		{"normal, one-sided", mixture{square, nil, one, 0, 4}, -0.06502391, 27.66071},
		{"gamma-exponential", mixture{
			func(l float64) float64 { return (-math.Log1p(-c*l) - c*l) / (c * c) },
			func(l float64) float64 { return 1 / (1 - c*l) }, one, 0, 0.4999999,
		}, -0.2490165, 33.02017},
		{"gamma-Poisson", mixture{func(l float64) float64 { return (math.Exp(c*l) - c*l - 1) / (c * c) }, nil, one, 0, 4}, -0.06991219, 30.1949},
		{"beta-binomial, two-sided", mixture{binomial, nil, two - g*h, -12, 12}, -0.6941012, 31.4308},
		{"beta-binomial, one-sided", mixture{binomial, nil, one - g*h, 0, 12}, -0.07134019, 28.41238},
	} {
		checkFigure(t, tc.name+" log mixture(10, 100)", tc.m.logE(10, 100), tc.logE, 1e-5)
		checkFigure(t, tc.name+" bound(100)", tc.m.bound(100, 0.05), tc.bound, 1e-4)
	}
}

// zeta returns Riemann's ζ(s) for s > 1, by Euler-Maclaurin.
func zeta(s float64) float64 {
	const n = 1000
	sum := math.Pow(n, 1-s)/(s-1) + math.Pow(n, -s)/2 + s*math.Pow(n, -s-1)/12
	for k := 1.0; k < n; k++ {
		sum += math.Pow(k, -s)
	}
	return sum
}

// The constants of a stitched boundary with η = 2.
var stitchK1, stitchK2 = (math.Pow(2, 0.25) + math.Pow(2, -0.25)) / math.Sqrt2, (math.Sqrt2 + 1) / 2

// polyStitching is the stitched boundary with s = 1.4, η = 2.
func polyStitching(v, alpha, vMin, c float64) float64 {
	const s = 1.4
	v = max(v, vMin)
	l := s*math.Log(math.Log(2*v/vMin)) + math.Log(zeta(s)/math.Pow(math.Ln2, s)) + math.Log(1/alpha)
	drift := stitchK2 * c * l
	return math.Sqrt(stitchK1*stitchK1*v*l+drift*drift) + drift
}

// doubleStitching bounds the count below all quantiles at once (Howard and
// Ramdas, arXiv:1906.09712), with δ = ½, s = 1.4, η = 2.
func doubleStitching(p, t, alpha, tOpt float64) float64 {
	const s, delta = 1.4, 0.5
	logit, rounds := math.Log(p/(1-p)), max(t, tOpt)/tOpt
	r := p
	if p < 0.5 {
		r = min(0.5, 1/(1+math.Exp(-logit-2*delta*math.Sqrt(2/rounds))))
	}
	variance := r * (1 - r) * rounds * tOpt
	z := zeta(s)
	l := s*math.Log(math.Log(2*rounds)) + s*math.Log(math.Sqrt(rounds)*math.Abs(logit)/(2*delta)+1) +
		math.Log(2*z*(2*z+1)/(alpha*math.Pow(math.Ln2, s)))
	drift := stitchK2 * (1 - 2*p) / 3 * l
	return delta*math.Sqrt(2*variance/tOpt) + math.Sqrt(stitchK1*stitchK1*variance*l+drift*drift) + drift
}

// empiricalLIL bounds the distance of an empirical distribution function from
// the true one, at all times (Howard and Ramdas, theorem 2).
func empiricalLIL(t, alpha, tMin, a float64) float64 {
	risk := func(c float64) float64 {
		least := math.Inf(1)
		for eta := 1.0001; eta < 2*a*a; eta += 1e-5 {
			gap := a - math.Sqrt(2*(eta-1)/c)
			if g := 2 / eta * gap * gap; gap > 0 && g > 1 {
				least = min(least, 4*math.Exp(-g*c)*(1+1/((g-1)*math.Log(eta))))
			}
		}
		return least
	}
	lo, hi := 1.0, 100.0
	for range 40 {
		if mid := (lo + hi) / 2; risk(mid) > alpha {
			lo = mid
		} else {
			hi = mid
		}
	}
	return a * math.Sqrt((math.Log(1+math.Log(t/tMin))+hi)/t)
}

func TestAgainstHowardStitching(t *testing.T) {
	t.Parallel()
	checkFigure(t, "poly_stitching_bound(100, c=3)", polyStitching(100, 0.05, 10, 3), 64.48755, 1e-4)
	checkFigure(t, "poly_stitching_bound(100, c=-1)", polyStitching(100, 0.05, 10, -1), 28.99389, 1e-4)
	for p, want := range map[float64]float64{0.5: 68.62803, 0.9: 43.72119, 0.1: 59.96521} {
		checkFigure(t, fmt.Sprintf("double_stitching_bound(%v)", p), doubleStitching(p, 1000, 0.05, 100), want, 1e-4)
	}
	checkFigure(t, "empirical_process_lil_bound(1000)", empiricalLIL(1000, 0.05, 100, 0.85), 0.08204769, 1e-6)
}

// The anytime-valid p-value of a quantile in two samples (confseq
// QuantileABTest): A is 1 to 1000 and B is A plus an offset.
func TestAgainstHowardQuantiles(t *testing.T) {
	t.Parallel()
	const n = 1000
	for _, tc := range []struct{ q, offset, want float64 }{
		{0.5, 70, 0.814704}, {0.5, 85, 0.0838055}, {0.5, 100, 0.0054947}, {0.9, 55, 0.0340463},
	} {
		v := tc.q * (1 - tc.q)
		r := howardRho(100*v, 0.05) - v
		mix := betaMixture{r / (1 - tc.q), r / tc.q}
		logE := func(k float64) float64 { return mix.logE(max(0, min(k, n)), n, tc.q) }
		least := math.Inf(1)
		for x := 1.0; x <= n+tc.offset; x++ {
			g := func(upTo float64) float64 { return min(logE(upTo), logE(upTo-1)) }
			least = min(least, g(x)+g(x-tc.offset))
		}
		checkFigure(t, fmt.Sprintf("p of q=%v, offset %v", tc.q, tc.offset), min(1, math.Exp(-least)), tc.want, 2e-6)
	}
}

// Statsig's documented boundary is constant where both arms grow alike: it is
// not valid at all looks for ever.
func TestStatsigBoundaryIsConstant(t *testing.T) {
	t.Parallel()
	z := 1.959963984540054
	for _, n := range []float64{100, 10_000, 1_000_000} {
		variance := 0.25/n + 0.25/n
		tau := z * z * 0.5 / (2 * n)
		got := math.Sqrt((variance + tau) / tau * (-2*math.Log(0.05/2) - math.Log(variance/(variance+tau))))
		checkFigure(t, fmt.Sprintf("Z* at %v", n), got, 3.584515, 1e-6)
	}
}

// The χ² test that is not valid at many looks, beside ours.
func TestChiSquareOfSplits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ treatment, control, chi2, p float64 }{
		{50, 50, 0, 1},
		{520, 480, 1.6, 0.205903},
		{540, 460, 6.4, 0.011412},
		{560, 440, 14.4, 1.478e-4},
		{600, 400, 40, 2.540e-10},
		{5200, 4800, 16, 6.334e-5},
		{50500, 49500, 10, 1.565e-3},
	} {
		half := (tc.treatment + tc.control) / 2
		chi2 := (tc.treatment-half)*(tc.treatment-half)/half + (tc.control-half)*(tc.control-half)/half
		checkFigure(t, "χ²", chi2, tc.chi2, 1e-9)
		checkFigure(t, "p", math.Erfc(math.Sqrt(chi2/2)), tc.p, 5e-4*tc.p)
	}
}

// The bounds of the specification's verdict record.
func TestRecordFigures(t *testing.T) {
	t.Parallel()
	lo, hi := robbins.interval(120, 300, 0.00875)
	checkFigure(t, "cs.lower", lo, 0.292997, 1e-6)
	checkFigure(t, "cs.upper", hi, 0.513843, 1e-6)
	m := Measure{
		Treatment: &Arm{N: new(Count(300)), K: new(Count(120))},
		Control:   &Arm{N: new(Count(300)), K: new(Count(270))},
	}
	p := DefaultPolicy()
	j := p.judge(1, 1, true, false)
	checkFigure(t, "alpha", j.rollback, 0.00875, 1e-15)
	checkFigure(t, "relative.upper", j.diffUpper(m, 0, j.rollback), -0.386488, 1e-6)

	// The record prints -0.382285 beside n_star 500. That is the bound at 2,000 and
	// of rates without the two passes and failures that the default adds.
	se := math.Sqrt(0.4*0.6/300 + 0.9*0.1/300)
	checkFigure(t, "relative.upper as printed", -0.5+se*asymptoticCS{2000}.oneSided(600, j.rollback), -0.382285, 1e-6)
}
