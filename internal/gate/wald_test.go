package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// wald returns Wald's bound on the mean cases per arm that any test needs which
// errs with probability alpha under its null and beta under the truth: no
// sequential test is faster. Of the absolute and the relative null the one
// that is further away counts.
func wald(s *Signal, treatment, control, alpha, beta float64) float64 {
	least := math.Inf(1) // over the null: y for the control, y - margin for the treatment
	for y := 1e-4; y < 1; y += 1e-4 {
		if x := y - s.Relative.RollbackMargin; x > 0 {
			least = min(least, divergence(treatment, x)+divergence(control, y))
		}
	}
	if treatment < s.Rollback {
		least = max(least, divergence(treatment, s.Rollback))
	}
	return ((1-beta)*math.Log((1-beta)/alpha) + beta*math.Log(beta/(1-alpha))) / least
}

// divergence returns the Kullback-Leibler divergence of two rates.
func divergence(p, q float64) float64 {
	return p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q))
}

// fall is a signal whose rate falls in the treatment, and Wald's bound for it.
type fall struct {
	signal   int // of agent-default
	from, to float64
	wald     float64
}

var falls = []fall{
	{1, 0.90, 0.30, 16},
	{1, 0.90, 0.50, 39},
	{1, 0.90, 0.55, 54},
	{1, 0.90, 0.70, 278},
	{1, 0.90, 0.78, 6040},
	{0, 0.992, 0.93, 327},
	{0, 0.992, 0.96, 2740},
}

// bound returns Wald's bound at the gate's own alpha.
func (f fall) bound() float64 {
	p := DefaultPolicy()
	s := &p.Signals[f.signal]
	return wald(s, f.to, f.from, p.Alpha.Rollback*s.Weight/2, 0.01)
}

func TestWaldBounds(t *testing.T) {
	t.Parallel()
	for _, f := range falls {
		checkFigure(t, fmt.Sprintf("n_W of %v to %v", f.from, f.to), f.bound(), f.wald, 0.005*f.wald+0.5)
	}
}

// D1: mean cases to ROLLBACK with a look after every pair. Safety needs bets to
// come near the bound; the interval is reported beside them.
func besideWald(seed uint64, reps int) []figure {
	var figures []figure
	p := DefaultPolicy()
	for _, f := range falls {
		name, n := p.Signals[f.signal].Name, reps
		if f.wald > 1000 {
			n = max(1, reps/10) // each takes thousands of looks
		}
		for _, estimator := range []string{AsymptoticCS, Betting} {
			values := repeat(seed, n, func(r *rand.Rand) int {
				return oneSignal(r, estimator, simulated{name, treated(f.from, f.to, 0)}).run(1, 60000, State{}, false).rolledBack
			})
			mean, se, median := sample(values)
			what := fmt.Sprintf("D1 %s %.3f to %.2f, %s", name, f.from, f.to, estimator)
			figures = append(figures, f.figures(what, estimator, mean, se, median)...)
		}
	}
	return figures
}

// figures compares what was measured with the bound and the medians asked for.
func (f fall) figures(what, estimator string, mean, se, median float64) []figure {
	bound := f.bound()
	limit := 1.5 * bound
	if bound < 30 {
		limit = 2 * bound
	}
	of := figure{what: what + ": mean", got: mean, se: se, least: math.Inf(-1), most: limit, digits: "%.1f"}
	if f.signal == 0 && estimator == AsymptoticCS {
		of.most = math.Inf(1) // reported beside the bets
	}
	if f.to == 0.78 && estimator == AsymptoticCS {
		of.known = "restart points halve the alpha that the published 8,090 had in full"
	}
	out := []figure{of, reported(fmt.Sprintf("   times n_W = %.0f", bound), mean/bound)}
	switch f.to {
	case 0.50:
		out = append(out, cases(what+": median", median, 75))
	case 0.70:
		out = append(out, cases(what+": median", median, 400))
	}
	return out
}
