package gate

// betaMixture is Robbins' mixture martingale for a Bernoulli rate with a
// Beta(a, b) prior. Its inverse bounds are a confidence sequence: exact for
// every n, and valid at all looks at once (Ville's inequality).
type betaMixture struct{ a, b float64 }

// robbins is the mixture behind every bound of a rate: the Jeffreys prior.
var robbins = betaMixture{0.5, 0.5}

// bisections is fixed, so that every machine ends at the same bits; 60 halve
// an interval of length 1 below the spacing of float64.
const bisections = 60

// logE returns the log e-value against the rate p after k passes in n cases.
// It is convex in p with its minimum at k/n.
func (m betaMixture) logE(k, n, p float64) float64 {
	return m.evidence(k, n) - logLikelihood(k, n, p)
}

// logLikelihood returns the log probability of k passes in n cases, in one
// order, at rate p.
func logLikelihood(k, n, p float64) float64 {
	return times(k, ln(p)) + times(n-k, ln1p(-p))
}

// RateInterval returns the confidence sequence of a rate after k passes in n
// cases: with probability 1-alpha it holds the true rate at every look. Its
// lower end is the frozen reference of a drift detector.
func RateInterval(k, n Count, alpha float64) (lo, hi float64) {
	return robbins.interval(float64(k), float64(n), alpha)
}

// evidence returns the log marginal likelihood of k in n: the part of logE
// that does not depend on p.
func (m betaMixture) evidence(k, n float64) float64 {
	return logBeta(m.a+k, m.b+n-k) - logBeta(m.a, m.b)
}

// interval returns the confidence sequence {p : E(p) < 1/alpha} at n cases.
func (m betaMixture) interval(k, n, alpha float64) (lo, hi float64) {
	return m.lower(k, n, alpha), m.upper(k, n, alpha)
}

// lower returns the lower end of interval.
func (m betaMixture) lower(k, n, alpha float64) float64 {
	if k <= 0 {
		return 0
	}
	evidence, limit := m.evidence(k, n), -ln(alpha)
	return bisect(0, k/n, func(p float64) bool { return evidence-logLikelihood(k, n, p) >= limit })
}

// upper returns the upper end of interval.
func (m betaMixture) upper(k, n, alpha float64) float64 { return 1 - m.mirror().lower(n-k, n, alpha) }

// bisect returns the border in [from, to] between what is true, near from,
// and what is not, near to.
func bisect(from, to float64, is func(float64) bool) float64 {
	for range bisections {
		mid := (from + to) / 2
		if is(mid) {
			from = mid
		} else {
			to = mid
		}
	}
	return (from + to) / 2
}

// provenBelow says whether the rate is below the threshold, at level alpha.
// It is the upper bound of interval being below, without computing it.
func (m betaMixture) provenBelow(k, n, threshold, alpha float64) bool {
	p := threshold - epsilon
	return n > 0 && p > 0 && k/n < p && m.logE(k, n, min(p, 1-epsilon)) >= -ln(alpha)
}

// provenAbove is the mirror of provenBelow.
func (m betaMixture) provenAbove(k, n, threshold, alpha float64) bool {
	return m.mirror().provenBelow(n-k, n, 1-threshold, alpha)
}

// mirror returns the mixture for the failures.
func (m betaMixture) mirror() betaMixture { return betaMixture{m.b, m.a} }

// logBeta returns ln B(a, b).
func logBeta(a, b float64) float64 {
	return lnGamma(a) + lnGamma(b) - lnGamma(a+b)
}

// times returns a·b, and 0 where a is 0, even if b is infinite: 0·ln 0 = 0.
func times(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	return float64(a * b)
}
