package gate

import "math"

// rankPriorSize is the weight of the prior of a rank interval, in cases:
// Beta(19, 1) for the .95 quantile.
const rankPriorSize = 20

// rankInterval returns the ranks, counted from 1, between which the q-quantile
// lies: [X(lo), X(hi)], valid at all looks and for any distribution (Howard
// and Ramdas, arXiv:1906.09712). At the quantile the number of observations
// below is Binomial(n, q), so the ranks that its e-process does not reject
// remain. ok is false while either end is outside the sample.
func rankInterval(q float64, n int, alpha float64) (lo, hi int, ok bool) {
	if n <= 0 {
		return 0, 0, false
	}
	kLo, kHi := rankCounts(q, n, alpha)
	return kLo, kHi + 1, kLo >= 1 && kHi < n
}

// rankCounts returns the least and the greatest number of observations at or
// below the quantile that is not rejected.
func rankCounts(q float64, n int, alpha float64) (kLo, kHi int) {
	mixture := betaMixture{float64(rankPriorSize * q), float64(rankPriorSize * (1 - q))}
	limit := -ln(alpha)
	kept := func(k int) bool { return mixture.logE(float64(k), float64(n), q) < limit }
	centre := min(int(math.Round(float64(n)*q)), n)
	kLo, kHi = centre, centre
	for from := -1; kLo-from > 1; {
		if mid := (from + kLo) / 2; kept(mid) {
			kLo = mid
		} else {
			from = mid
		}
	}
	for to := n + 1; to-kHi > 1; {
		if mid := (kHi + to) / 2; kept(mid) {
			kHi = mid
		} else {
			to = mid
		}
	}
	return kLo, kHi
}
