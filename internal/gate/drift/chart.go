package drift

import "math"

// Cusum is a one-sided cumulative sum chart of standardised figures (mean 0,
// deviation 1 while nothing changes). The zero Cusum has seen nothing.
type Cusum struct {
	K float64 // allowance: half of the shift that is looked for
	H float64 // the decision interval
	S float64 // the sum so far
}

// Add takes the next figure and says whether the chart signals.
func (c *Cusum) Add(z float64) bool {
	c.S = max(0, c.S+z-c.K)
	return c.S > c.H
}

// CusumARL returns the average run length of a one-sided chart with shift
// delta, by Siegmund's approximation. A two-sided chart in control has half of it.
func CusumARL(delta, k, h float64) float64 {
	d, b := delta-k, h+1.166
	if d == 0 {
		return b * b
	}
	return (math.Exp(-2*d*b) + 2*d*b - 1) / (2 * d * d)
}

// PageHinkley is the Page-Hinkley test for a rise of the mean, without
// forgetting. The zero value with Delta set has seen nothing.
type PageHinkley struct {
	Delta float64 // how much of a rise is tolerated
	n     float64
	mean  float64
	sum   float64
	least float64
}

// Add takes the next figure and returns the statistic, to compare with a
// threshold: 2 to 5 suits figures from 0 to 1.
func (p *PageHinkley) Add(x float64) float64 {
	p.n++
	p.mean += (x - p.mean) / p.n
	p.sum += x - p.mean - p.Delta
	p.least = min(p.least, p.sum)
	return p.sum - p.least
}

// AdwinCut returns by how much the means of two adjacent windows of n0 and n1
// figures with a common variance must differ for ADWIN to drop the older one, at
// confidence delta (Bifet and Gavaldà, 2007).
func AdwinCut(n0, n1, variance, delta float64) float64 {
	m := 1/n0 + 1/n1
	l := math.Log(2 * math.Log(n0+n1) / delta)
	return math.Sqrt(2*m*variance*l) + 2*m*l/3
}
