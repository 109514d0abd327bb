package gate

import "math"

// bernstein is the empirical-Bernstein confidence sequence for the mean of
// scores in [0, 1] (Waudby-Smith and Ramdas, arXiv:2010.09686, theorem 2, as
// coded in gostevehoward/confseq predmix.py): valid at all looks and for any
// distribution, and tight where scores vary little. It is a fold over scores
// in their order. limit is ln(1/alpha) of one side.
type bernstein struct {
	limit    float64
	n        float64
	sum      float64 // of the scores
	squares  float64 // of their distances to the running mean
	stakes   float64 // sum of the predictable weights λ
	weighted float64 // sum of λ times score
	low      float64 // sum of (x - x̄)² ψ(λ), for the lower bound
	high     float64 // the same of 1-x, for the upper
}

// newBernstein returns the sequence whose two sides share alpha.
func newBernstein(alpha float64) bernstein { return bernstein{limit: ln(2 / alpha)} }

// add takes the next score.
func (b *bernstein) add(x float64) {
	b.n++
	stake := b.stake()
	before, mirrored := 0.0, 0.0
	if b.n > 1 {
		before = b.sum / (b.n - 1)
		mirrored = 1 - before
	}
	psi := -ln1p(-stake) - stake
	b.stakes += stake
	b.weighted += float64(stake * x)
	b.low += float64(float64((x-before)*(x-before)) * psi)
	b.high += float64(float64((1-x-mirrored)*(1-x-mirrored)) * psi)
	b.sum += x
	d := x - (0.5+b.sum)/(b.n+1)
	b.squares += float64(d * d)
}

// stake returns λ of the case that comes as the n-th, from what was before.
func (b *bernstein) stake() float64 {
	variance := (0.25 + b.squares) / b.n
	return min(0.5, math.Sqrt(2*b.limit/float64(float64(b.n*ln1p(b.n))*variance)))
}

// mean returns the mean of the scores; 0 without any.
func (b *bernstein) mean() float64 {
	if b.n == 0 {
		return 0
	}
	return b.sum / b.n
}

// interval returns the confidence sequence.
func (b *bernstein) interval() (lo, hi float64) {
	if b.n == 0 {
		return 0, 1
	}
	lo = max(0, (b.weighted-b.limit-b.low)/b.stakes)
	hi = min(1, 1-(b.stakes-b.weighted-b.limit-b.high)/b.stakes)
	return lo, hi
}
