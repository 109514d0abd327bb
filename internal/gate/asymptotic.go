package gate

import "math"

// armRate is k passes in n cases of one arm.
type armRate struct{ k, n float64 }

// rate returns k/n.
func (a armRate) rate() float64 { return a.k / a.n }

// variance returns the variance of the rate with two passes and two failures
// added. Where failures are rare the plain estimate is too small, and the
// error of a non-inferiority test reaches 14.5 % at a nominal 5 %.
func (a armRate) variance() float64 {
	p := (a.k + 2) / (a.n + 4)
	return float64(p*(1-p)) / a.n
}

// asymptoticCS is the asymptotic confidence sequence of Waudby-Smith et al.
// (arXiv:2103.06476, eq. 9, 134, 155, 161), which is also the boundary of
// GrowthBook and Eppo: nStar is the total sample size at which it is
// tightest. It is valid at all looks once both arms have some thirty cases.
type asymptoticCS struct{ nStar float64 }

// rho returns the parameter that makes the interval tightest at nStar.
func (c asymptoticCS) rho(alpha float64) float64 {
	l := float64(-2 * ln(alpha))
	return math.Sqrt((l + ln(l+1)) / c.nStar)
}

// twoSided returns the half width at a total of n cases in standard errors.
func (c asymptoticCS) twoSided(n, alpha float64) float64 {
	rho := c.rho(alpha)
	t := float64(n*rho*rho) + 1
	return math.Sqrt(2 * t / (n * rho * rho) * ln(math.Sqrt(t)/alpha))
}

// oneSided returns the distance of a one-sided bound in standard errors.
func (c asymptoticCS) oneSided(n, alpha float64) float64 {
	rho := c.rho(2 * alpha)
	t := float64(n*rho*rho) + 1
	return math.Sqrt(2 * t / (n * rho * rho) * ln1p(math.Sqrt(t)/(2*alpha)))
}

// margin returns the distance between the difference of two rates and its
// one-sided bound at level alpha.
func (c asymptoticCS) margin(treatment, control armRate, alpha float64) float64 {
	se := math.Sqrt(treatment.variance() + control.variance())
	return se * c.oneSided(treatment.n+control.n, alpha)
}
