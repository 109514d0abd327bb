package gate

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The mixture is a density: summed over all counts, weighted by the Poisson
// probability of each, the e-value is 1 in the mean.
func TestGammaMixtureIsFair(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.05, 0.5, 3} {
		mix, n := gammaMixture{0.5, 0.5 / 0.4}, 20.0
		sum := 0.0
		for k := 0.0; k < 2000; k++ {
			factorial, _ := math.Lgamma(k + 1)
			sum += math.Exp(mix.logE(k, n, rate) + k*math.Log(n*rate) - n*rate - factorial)
		}
		checkFigure(t, "E", sum, 1, 1e-3)
	}
}

func TestGammaMixtureBounds(t *testing.T) {
	t.Parallel()
	mix := gammaMixture{0.5, 0.5}
	for _, tc := range []struct{ k, n float64 }{{0, 10}, {3, 10}, {40, 100}, {1000, 100}} {
		lo, hi := mix.lower(tc.k, tc.n, 0.05), mix.upper(tc.k, tc.n, 0.05)
		if !(lo <= tc.k/tc.n && tc.k/tc.n < hi && isFinite(hi)) {
			t.Errorf("%v/%v in [%v, %v]", tc.k, tc.n, lo, hi)
		}
		for _, x := range []float64{0.05, 0.2, 0.4, 1, 8, 12} {
			if got, want := mix.provenAbove(tc.k, tc.n, x, 0.05), lo > x+epsilon; got != want {
				t.Errorf("%v/%v above %v: %v, lower %v", tc.k, tc.n, x, got, lo)
			}
			if got, want := mix.provenBelow(tc.k, tc.n, x, 0.05), hi < x-epsilon; got != want {
				t.Errorf("%v/%v below %v: %v, upper %v", tc.k, tc.n, x, got, hi)
			}
		}
	}
}

// A counter that is twice the control's, under its own floor, is a regression.
func TestCounterAgainstControl(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		treatment Count
		reason    string
	}{{180, AllPass}, {480, "P6_REGRESSION:retries"}, {300, "P8_REGRESSION_SMALL:retries"}, {1500, "P5_SEVERE:retries"}} {
		p, s := everyKind()
		p.Signals[6].Promote, p.Signals[6].Rollback = 0.6, 1
		s.Signals["retries"] = Measure{Treatment: counted(tc.treatment), Control: counted(180)}
		if d := Decide(p, s, wellPassed()); d.Reason != tc.reason {
			t.Errorf("%d events: %s %v", tc.treatment, d.Reason, d.Also)
		}
	}
}

// A counter's cases, through the ledger: the largest number of events of a
// unit counts.
func TestLedgerCounts(t *testing.T) {
	t.Parallel()
	p, _ := everyKind()
	l := NewLedger(p, LedgerOptions{Candidate: "b2"})
	o := Observation{At: modelStart, Environment: "e", Flag: "f", Arm: Treatment, Build: "b2", Unit: "u", Signal: "exposure"}
	l.AddObservation(&o)
	o.Signal = "retries"
	for _, v := range []float64{2, 5, 3, 2.5, -1} {
		o.Value = &v
		l.AddObservation(&o)
	}
	s := l.Snapshot(modelStart, Progress{})
	if got := s.Signals["retries"].Treatment; got.k() != 5 || got.n() != 1 {
		t.Errorf("%d events in %d cases, want 5 in 1", got.k(), got.n())
	}
	if diff := cmp.Diff(map[Cause]int64{BadValue: 2}, l.Rejected()); diff != "" {
		t.Error(diff)
	}
	if _, has := s.Signals["queue"]; has {
		t.Error("the ledger made up a level")
	}
}
