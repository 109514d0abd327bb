package gate

import (
	"math"
	"testing"
)

// checkFigure reports a figure that is not the published one.
func checkFigure(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.9g, want %.9g", what, got, want)
	}
}

// The reference values of the Robbins bounds at alpha .05, prior Beta(½, ½).
func TestRobbinsInterval(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ k, n, lower, upper float64 }{
		{0, 0, 0, 1},
		{0, 10, 0, 0.376987},
		{5, 10, 0.117563, 0.882437},
		{10, 10, 0.623013, 1},
		{45, 50, 0.713462, 0.984153},
		{50, 50, 0.895358, 1},
		{90, 100, 0.772490, 0.970939},
		{95, 100, 0.844206, 0.992851},
		{100, 100, 0.942971, 1},
		{270, 300, 0.829114, 0.949614},
		{450, 500, 0.845638, 0.940987},
		{700, 1000, 0.645438, 0.751017},
		{9900, 10000, 0.985538, 0.993442},
	} {
		lower, upper := robbins.interval(tc.k, tc.n, 0.05)
		checkFigure(t, "lower", lower, tc.lower, 1e-6)
		checkFigure(t, "upper", upper, tc.upper, 1e-6)
		if lo, hi := RateInterval(Count(tc.k), Count(tc.n), 0.05); lo != lower || hi != upper {
			t.Errorf("RateInterval(%v, %v) = [%v, %v]", tc.k, tc.n, lo, hi)
		}
		// provenBelow and provenAbove are the same bounds, seen from the threshold.
		for _, x := range []float64{0.05, 0.3, 0.56, 0.8, 0.95} {
			if got, want := robbins.provenBelow(tc.k, tc.n, x, 0.05), upper < x-epsilon; got != want {
				t.Errorf("%v/%v proven below %v: %v, want %v", tc.k, tc.n, x, got, want)
			}
			if got, want := robbins.provenAbove(tc.k, tc.n, x, 0.05), lower > x+epsilon; got != want {
				t.Errorf("%v/%v proven above %v: %v, want %v", tc.k, tc.n, x, got, want)
			}
		}
	}
}

func TestRobbinsLogE(t *testing.T) {
	t.Parallel()
	checkFigure(t, "log E of 120 in 300 at .8", robbins.logE(120, 300, 0.8), 111.494011, 1e-6)
	checkFigure(t, "log E of 0 in 0", robbins.logE(0, 0, 0.5), 0, 1e-12)
	if got := robbins.logE(1, 1, 0); !math.IsInf(got, 1) {
		t.Errorf("log E of a pass at rate 0 = %v, want +Inf", got)
	}
}

// howardRho is best_rho of Howard et al.: the parameter that is tightest at
// the intrinsic time v.
func howardRho(v, alpha float64) float64 {
	l := 2 * math.Log(1/alpha)
	return v / (l + math.Log(1+l))
}

// The two-sided beta-binomial mixture of Howard et al. is our mixture with
// another prior, so that their published test values (gostevehoward/confseq,
// computed in R) check our log E.
func TestAgainstHoward(t *testing.T) {
	t.Parallel()
	rho := howardRho(100, 0.05)
	checkFigure(t, "best_rho(100, .05)", rho, 12.60056, 1e-5)

	// g=.2, h=.8, v=100 and s=10 are 135 passes in 625 at rate .2.
	r := rho - 0.2*0.8
	mixture := betaMixture{r / 0.8, r / 0.2}
	checkFigure(t, "beta_binomial_log_mixture(10, 100)", mixture.logE(135, 625, 0.2), -0.6941012, 1e-5)

	// A normal mixture at v and rho is the boundary behind asymptoticCS.
	normal := math.Sqrt((100 + rho) * (math.Log(1+100/rho) + 2*math.Log(1/0.05)))
	checkFigure(t, "normal_mixture_bound(100)", normal, 30.35209, 1e-5)
}

// Bounds of bernoulli_confidence_interval with t_opt, whose prior depends on
// the rate that is tested.
func TestAgainstHowardBernoulli(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ k, n, tOpt, lower, upper float64 }{
		{700, 1000, 100, 0.651629, 0.745949},
		{15, 50, 50, 0.129556, 0.511896},
		{5, 50, 50, 0.013021, 0.269264},
		{1, 50, 50, 0, 0.13489},
	} {
		rejected := func(p float64) bool {
			v := p * (1 - p)
			r := max(howardRho(tc.tOpt*v, 0.05)-v, 1e-3*v)
			return betaMixture{r / (1 - p), r / p}.logE(tc.k, tc.n, p) >= -math.Log(0.05)
		}
		lower := bisect(0, tc.k/tc.n, rejected)
		upper := 1 - bisect(0, 1-tc.k/tc.n, func(q float64) bool { return rejected(1 - q) })
		if tc.lower > 0 {
			checkFigure(t, "lower", lower, tc.lower, 1e-5)
		}
		checkFigure(t, "upper", upper, tc.upper, 1e-5)
	}
}

// Half widths in standard errors at alpha .05: two-sided, one-sided.
func TestAsymptoticMultipliers(t *testing.T) {
	t.Parallel()
	stars := []float64{1000, 2000, 5000, 10000}
	for n, row := range map[float64][][2]float64{
		100:   {{3.855055, 3.679070}, {4.718793, 4.582263}, {6.694389, 6.606888}, {9.084379, 9.028338}},
		500:   {{3.083569, 2.839679}, {3.264293, 3.043193}, {3.855055, 3.679070}, {4.718793, 4.582263}},
		1000:  {{3.035209, 2.779094}, {3.083569, 2.839679}, {3.363888, 3.152422}, {3.855055, 3.679070}},
		5000:  {{3.153030, 2.895224}, {3.079514, 2.819317}, {3.035209, 2.779094}, {3.083569, 2.839679}},
		20000: {{3.336858, 3.089717}, {3.241723, 2.988692}, {3.127114, 2.868197}, {3.061477, 2.801331}},
	} {
		for i, want := range row {
			cs := asymptoticCS{stars[i]}
			checkFigure(t, "two-sided", cs.twoSided(n, 0.05), want[0], 1e-6)
			checkFigure(t, "one-sided", cs.oneSided(n, 0.05), want[1], 1e-6)
		}
	}
}

// Eppo publishes another formula of the same boundary.
func TestAgainstEppo(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]float64{100: 9.084379, 1000: 3.855055, 10000: 3.035209, 100000: 3.241723} {
		checkFigure(t, "B", asymptoticCS{10000}.twoSided(n, 0.05), want, 1e-6)
	}
}

// GrowthBook's own test values: a relative lift with its sequential interval.
func TestAgainstGrowthBook(t *testing.T) {
	t.Parallel()
	type arm struct{ mean, variance, n float64 }
	mean := func(sum, squares, n float64) arm { return arm{sum / n, (squares - sum*sum/n) / (n - 1), n} }
	proportion := func(k, n float64) arm { return arm{k / n, k / n * (1 - k/n), n} }
	for _, tc := range []struct {
		a, b                      arm
		star, lift, se, low, high float64
	}{
		{mean(1396.87, 52377.9767, 3000), mean(2422.7, 134698.29, 3461), 1000, 0.50336, 0.33341, -0.55844, 1.56516},
		{proportion(1396, 3000), proportion(2422, 3461), 5000, 0.50386, 0.03386, 0.40098, 0.60675},
	} {
		lift := tc.b.mean/tc.a.mean - 1
		se := math.Sqrt(tc.b.variance/tc.b.n/(tc.a.mean*tc.a.mean) +
			tc.a.variance/tc.a.n*tc.b.mean*tc.b.mean/math.Pow(tc.a.mean, 4))
		half := se * asymptoticCS{tc.star}.twoSided(tc.a.n+tc.b.n, 0.05)
		checkFigure(t, "lift", lift, tc.lift, 1e-5)
		checkFigure(t, "se", se, tc.se, 1e-5)
		checkFigure(t, "low", lift-half, tc.low, 1.1e-5)
		checkFigure(t, "high", lift+half, tc.high, 1.1e-5)
	}
}

// Counts of values at or below the .95 quantile that are not rejected.
func TestRankCounts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		alpha     float64
		n, lo, hi int
	}{
		{0.05, 100, 87, 99},
		{0.05, 500, 458, 488},
		{0.05, 1000, 927, 970},
		{0.05, 5000, 4696, 4800},
		{0.025, 100, 87, 100},
		{0.025, 500, 457, 489},
		{0.025, 1000, 925, 971},
		{0.025, 5000, 4692, 4803},
	} {
		if lo, hi := rankCounts(0.95, tc.n, tc.alpha); lo != tc.lo || hi != tc.hi {
			t.Errorf("n=%d at %v: (%d, %d), want (%d, %d)", tc.n, tc.alpha, lo, hi, tc.lo, tc.hi)
		}
	}
	// At a weight of .10 an interval has two ends from 176 values on.
	for n, want := range map[int]bool{1: false, 175: false, 176: true, 1000: true} {
		if _, _, ok := rankInterval(0.95, n, 0.05*0.10/4); ok != want {
			t.Errorf("n=%d has a finite interval: %v, want %v", n, ok, want)
		}
	}
}

// log E of a split of units that should be half and half.
func TestSRM(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ treatment, control, c100, c2 float64 }{
		{50, 50, -0.3478, -2.0842},
		{520, 480, -0.4731, -2.4294},
		{540, 460, 1.7131, -0.0286},
		{560, 440, 5.3633, 3.9813},
		{600, 400, 17.0989, 16.8863},
		{5200, 4800, 5.6136, 3.6219},
		{50500, 49500, 1.5383, -0.5306},
	} {
		checkFigure(t, "c=100", srmLogE(tc.treatment, tc.control, 0.5, 100), tc.c100, 5e-5)
		checkFigure(t, "c=2", srmLogE(tc.treatment, tc.control, 0.5, 2), tc.c2, 5e-5)
	}
	checkFigure(t, "60/40 at 450", srmLogE(270, 180, 0.5, 100), 6.556, 5e-4)
	checkFigure(t, "60/40 at 500", srmLogE(300, 200, 0.5, 100), 7.488, 5e-4)
}
