package gate

import (
	"math"
	"testing"
)

// TestMinCases compares with what the gate decides on so many perfect cases,
// and on one less.
func TestMinCases(t *testing.T) {
	t.Parallel()
	for _, name := range []string{AgentDefault, "agent-low-traffic", "agent-high-traffic", "service"} {
		policy, ok := Profile(name)
		if !ok {
			t.Fatalf("no profile %s", name)
		}
		plan := PlanOf(policy)
		for i := range len(plan.Milestones) - 1 {
			n := plan.MinCases(i)
			at := plan.PolicyAt(i)
			state := wellPassed()
			state.ElapsedSeconds = 1e6
			state.Final, state.Pass = i+1 == len(plan.Milestones)-1, plan.Milestones[i].Pass
			decide := func(n Count) Decision {
				s := Snapshot{Exposures: Exposures{Treatment: n, Control: n}, Signals: map[string]Measure{}}
				for k := range at.Signals {
					m := perfect(&at.Signals[k])
					for _, a := range []*Arm{m.Treatment, m.Control} {
						a.N = new(n)
						if at.Signals[k].Kind == Bernoulli {
							a.K = new(n)
						}
					}
					s.Signals[at.Signals[k].Name] = m
				}
				return Decide(at, s, state)
			}
			if d := decide(n); d.Verdict != Promote {
				t.Errorf("%s, milestone %d: %d perfect cases are not enough: %s", name, i, n, d.Reason)
			}
			if d := decide(n - 1); d.Verdict == Promote {
				t.Errorf("%s, milestone %d: one less than %d perfect cases is enough", name, i, n)
			}
		}
	}
	never := PlanOf(DefaultPolicy())
	never.Policy.Signals[0].Promote, never.Policy.Signals[0].Tolerance = 1, 1e-9
	if n := never.MinCases(0); n != math.MaxInt64 {
		t.Errorf("what cannot be proven needs %d cases", n)
	}
}
