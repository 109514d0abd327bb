package gate

// fractions are the shares of its capital that a wager stakes. Each starts
// with an equal part: one of them is near the best for whatever is true.
var fractions = [...]float64{0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9}

// reserve is the part of a wager's capital that is kept for restart points. It
// costs ln(1/.8) of evidence against what is bad from the start; half, as the
// interval tests keep, would cost three times that.
const reserve = 0.2

// maxWealth keeps a wager finite. Proof needs some thousands, and what is as
// sure as this does not get surer.
const maxWealth = 1e300

// Wager is a bet against a hypothesis about a mean: capital of 1 that grows
// only by luck while the hypothesis holds. By Ville's inequality it ever
// reaches 1/alpha with probability alpha at most, so that it may be looked at
// always; it is exact from the first case on, for any distribution.
//
// With restart points, one each 100 cases, a part of the capital is in reserve,
// and 1/(j(j+1)) of that part enters at the j-th, so that a change that comes
// late is bet on with fresh money. Since all capital at one fraction grows
// alike, whenever it came in, eight numbers hold all of it.
type Wager struct {
	N       Count                   `json:"n"`                 // bets so far
	Points  int                     `json:"points,omitempty"`  // restart points so far
	Reserve float64                 `json:"reserve,omitempty"` // for restart points to come
	Wealth  [len(fractions)]float64 `json:"wealth"`            // at each fraction
}

// newWager returns a wager with all of its capital at stake, or with a part in
// reserve.
func newWager(restarts bool) Wager {
	w := Wager{}
	if restarts {
		w.Reserve = reserve
	}
	w.stake(1 - w.Reserve)
	return w
}

// stake spreads new capital over the fractions.
func (w *Wager) stake(capital float64) {
	for i := range w.Wealth {
		w.Wealth[i] += float64(capital / float64(len(w.Wealth)))
	}
}

// bet takes one outcome of at least -1, which the hypothesis says is at most 0
// in the mean.
func (w *Wager) bet(x float64) {
	for i := range w.Wealth {
		w.Wealth[i] = min(float64(w.Wealth[i]*(1+float64(fractions[i]*x))), maxWealth)
	}
	w.N++
	if w.Reserve > 0 && w.isPoint() {
		w.Points++
		share := reserve / (float64(w.Points) * float64(w.Points+1))
		w.Reserve = max(0, w.Reserve-share)
		w.stake(share)
	}
}

// isPoint says whether a restart point is due after so many bets.
func (w *Wager) isPoint() bool {
	if w.Points < restartSparse {
		return w.N%restartEvery == 0
	}
	return w.N%restartSparse == 0
}

// capital returns what the wager is worth.
func (w *Wager) capital() float64 {
	sum := w.Reserve
	for _, v := range w.Wealth {
		sum += v
	}
	return sum
}

// logE returns the log e-value against the hypothesis, finite even where all
// is lost.
func (w *Wager) logE() float64 { return ln(max(w.capital(), 1/maxWealth)) }

// proves says whether the hypothesis is refuted at level alpha, with the slack
// of every comparison.
func (w *Wager) proves(alpha float64) bool {
	return w != nil && w.capital() > (1+epsilon)/alpha
}

// wouldProve says whether the best of the fractions alone would refute the
// hypothesis after so many times the bets, if they went on as they have.
func (w *Wager) wouldProve(times, alpha float64) bool {
	stake := (1 - w.Reserve) / float64(len(w.Wealth))
	for _, v := range w.Wealth {
		if ln(stake)+float64(times*ln(v/stake)) > -ln(alpha) {
			return true
		}
	}
	return false
}

// impossible returns what cannot be about a wager.
func (w *Wager) impossible(path string) error {
	if w == nil {
		return wrongField(path, "absent")
	}
	checks := []check{
		{w.N >= 0, path + ".n", "negative"},
		{w.Points >= 0, path + ".points", "negative"},
		{isShare(w.Reserve), path + ".reserve", "want a share from 0 to 1"},
	}
	for _, v := range w.Wealth {
		checks = append(checks, check{isMargin(v), path + ".wealth", "want finite numbers, 0 or more"})
	}
	return firstFault(checks)
}
