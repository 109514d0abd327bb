package drift

// fractions are the stakes of a detector's bets.
var fractions = [...]float64{0.05, 0.1, 0.2, 0.4, 0.8}

// Detector is a Shiryaev-Roberts e-detector on "the mean of x in [0, 1] is at
// least p0": a bet against it starts anew at each case, and their sum is
// watched. While the mean is at least p0, the mean number of cases to an alarm
// at threshold A is at least A, for any distribution (Shin, Ramdas and
// Rinaldo, E-detectors, New England Journal of Statistics in Data Science
// 2023). Its state is five numbers, and plain data. A Detector is made by
// [NewDetector].
type Detector struct {
	P0  float64                 `json:"p0"`
	N   int64                   `json:"n"` // cases since the start or the last Reset
	Sum [len(fractions)]float64 `json:"sum"`
}

// NewDetector returns a detector on "the mean is at least p0", a rate above 0
// and at most 1: the lower confidence bound of the frozen reference. For a
// figure that must not rise, such as the share of slow cases, feed it 1-x and
// 1-p0.
func NewDetector(p0 float64) *Detector { return &Detector{P0: p0} }

// maxSum keeps a sum finite long after any threshold.
const maxSum = 1e300

// Add takes the next case, from 0 (the worst) to 1, and returns the detector's
// value. A case outside of [0, 1], or NaN, counts as the nearer end, NaN as 0.
func (d *Detector) Add(x float64) float64 {
	if !(x >= 0) {
		x = 0
	}
	x = min(x, 1)
	// Divided by p0 alone, increments would be negative for p0 under one half, and
	// the alarm void.
	scale := max(d.P0, 1-d.P0)
	for i, f := range fractions {
		increment := 1 + float64(f*(d.P0-x))/scale
		d.Sum[i] = min(float64(increment*(1+d.Sum[i])), maxSum)
	}
	d.N++
	return d.Value()
}

// Value returns the mixture of the sums, to compare with a threshold.
func (d *Detector) Value() float64 {
	sum := 0.0
	for _, s := range d.Sum {
		sum += s
	}
	return sum / float64(len(fractions))
}

// Alarmed says whether the detector has reached a threshold, which is the mean
// number of cases to a false alarm.
func (d *Detector) Alarmed(threshold float64) bool { return d.Value() >= threshold }

// Reset starts anew, after an alarm was dealt with.
func (d *Detector) Reset() { *d = Detector{P0: d.P0} }

// Threshold returns the threshold for about one false alarm in so many days
// over all signals together.
func Threshold(casesPerDay, days float64, signals int) float64 {
	return casesPerDay * days * float64(max(signals, 1))
}
