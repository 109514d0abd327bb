package gate

import "math"

// The elementary functions that a decision needs, made of correctly rounded
// operations only. Those of package math are assembly on one processor and
// fused on another, and differ in the last bit; a verdict must not.

const (
	ln2Hi = 6.93147180369123816490e-01 // the leading bits of ln 2: a product with an exponent is exact
	ln2Lo = 1.90821492927058770002e-10

	halfLn2Pi = 0.91893853320467274178032973640562
)

// ln returns the natural logarithm of x, to within two units in the last
// place: -Inf of 0, NaN of what is negative.
func ln(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f *= 2
		e--
	}
	// ln f = 2 artanh s = 2(s + s³/3 + s⁵/5 + ...), and s² is at most .0295.
	s := (f - 1) / (f + 1)
	z := float64(s * s)
	series := 0.0
	for k := 23; k >= 3; k -= 2 {
		series = float64(series*z) + 1/float64(k)
	}
	low := float64(float64(2*s*z)*series) + float64(float64(e)*ln2Lo)
	return float64(float64(e)*ln2Hi) + (2*s + low)
}

// ln1p returns ln(1+x), which is accurate where x is small.
func ln1p(x float64) float64 {
	u := 1 + x
	if u == 1 || math.IsInf(u, 1) || u <= 0 {
		if u == 1 {
			return x
		}
		return ln(u)
	}
	return float64(ln(u)*x) / (u - 1)
}

// stirling are the coefficients B(2k)/(2k(2k-1)) of Stirling's series.
var stirling = [...]float64{
	1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400,
}

// lnGamma returns ln Γ(x) for x > 0: Stirling's series, at an argument that is
// large enough for eight terms.
func lnGamma(x float64) float64 {
	if !(x > 0) {
		return math.Inf(1)
	}
	product := 1.0
	for x < 12 {
		product = float64(product * x)
		x++
	}
	z := 1 / float64(x*x)
	series := 0.0
	for i := len(stirling) - 1; i >= 0; i-- {
		series = float64(series*z) + stirling[i]
	}
	return float64((x-0.5)*ln(x)) - x + halfLn2Pi + series/x - ln(product)
}
