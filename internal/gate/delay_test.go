package gate

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// builds are those that the arms of a simulation run.
var builds = map[string]string{Treatment: "b2", Control: "b1"}

// lagged is how one release went whose outcomes came late.
type lagged struct {
	rolledBack bool
	blind      bool // would have been, had pending cases not counted
}

// runLagged runs one release of half an hour, a unit a second in each arm,
// through the ledger. delay says how many minutes an outcome takes.
func runLagged(r *rand.Rand, p Policy, delay func(arm string, pass bool) int) (res lagged) {
	l := NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e"})
	waiting := map[int][]Observation{}
	for minute := range 30 {
		for second := minute * 60; second < minute*60+60; second++ {
			for _, o := range waiting[second] {
				l.AddObservation(&o)
			}
			for _, arm := range []string{Treatment, Control} {
				o := Observation{
					At: modelStart.Add(time.Duration(second) * time.Second), Environment: "e", Flag: "f",
					Arm: arm, Build: builds[arm], Unit: fmt.Sprint(arm, second), Signal: "exposure",
				}
				l.AddObservation(&o)
				o.Signal, o.Pass = "evidence_coverage", new(r.Float64() < 0.9)
				late := delay(arm, *o.Pass)
				if late == 0 {
					l.AddObservation(&o)
					continue
				}
				o.At = o.At.Add(time.Duration(late) * time.Minute)
				waiting[second+late*60] = append(waiting[second+late*60], o)
			}
		}
		s := l.Snapshot(modelStart.Add(time.Duration(minute+1)*time.Minute), Progress{})
		res.rolledBack = res.rolledBack || Decide(p, s, State{}).Verdict == Rollback
		res.blind = res.blind || Decide(p, withoutPending(s), State{}).Verdict == Rollback
	}
	return res
}

// withoutPending returns a snapshot in which nobody is waited for.
func withoutPending(s Snapshot) Snapshot {
	m := s.Signals["evidence_coverage"]
	m.Treatment.Pending = 0
	for i, restart := range m.Treatment.Restarts {
		m.Treatment.Restarts[i] = restart[:2]
	}
	return s
}

// onlyEvidence is agent-default with evidence coverage alone.
func onlyEvidence(estimator string) Policy {
	p := DefaultPolicy()
	p.Comparison.Estimator = estimator
	p.Signals = []Signal{p.Signals[1]}
	p.Signals[0].Weight = 1
	return p
}

// V12: the treatment is slower to answer, and as good.
func delayed(seed uint64, reps int) []figure {
	var figures []figure
	for _, estimator := range []string{AsymptoticCS, Betting} {
		results := repeat(seed, reps, func(r *rand.Rand) lagged {
			return runLagged(r, onlyEvidence(estimator), func(arm string, _ bool) int {
				if arm == Treatment {
					return 10
				}
				return 0
			})
		})
		figures = append(figures, cases("V12 rolled back, "+estimator, float64(reps)*shareOf(results, func(l lagged) bool { return l.rolledBack }), 0))
	}
	return figures
}

// V14: failures are known at once and passes are not: pending cases are
// innocent.
func lagging(seed uint64, reps int) []figure {
	var figures []figure
	for _, estimator := range []string{AsymptoticCS, Betting} {
		results := repeat(seed, reps, func(r *rand.Rand) lagged {
			return runLagged(r, onlyEvidence(estimator), func(_ string, pass bool) int {
				if pass {
					return 10
				}
				return 0
			})
		})
		figures = append(figures,
			cases("V14 rolled back, "+estimator, float64(reps)*shareOf(results, func(l lagged) bool { return l.rolledBack }), 0),
			atLeast("   would be, if pending cases did not count", shareOf(results, func(l lagged) bool { return l.blind }), reps, 0.9))
	}
	return figures
}
