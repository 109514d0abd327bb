package gate

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// With as many more cases as a HOLD says, at the same rates, it ends: the
// forecast of an undetermined signal is neither too little nor a guess.
func TestForecastIsEnough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := onlyEvidence(AsymptoticCS)
		n := rapid.Int64Range(60, 2000).Draw(t, "n")
		failures := rapid.Int64Range(n/50, n/5).Draw(t, "failures")
		st := wellPassed()
		st.Final = rapid.Bool().Draw(t, "final")
		at := func(times float64) Decision {
			cases := Count(float64(n) * times)
			a := &Arm{N: &cases, K: new(cases - Count(float64(failures)*times))}
			return Decide(p, Snapshot{
				Exposures: Exposures{Treatment: 500, Control: 500},
				Signals:   map[string]Measure{"evidence_coverage": {Treatment: a, Control: a}},
			}, st)
		}
		d := at(1)
		if d.Signals[0].Status != Undetermined || strings.Contains(d.Needs[0], "not provable") {
			return
		}
		var more int64
		if _, err := fmt.Sscanf(d.Needs[0][strings.Index(d.Needs[0], "about "):], "about %d more cases", &more); err != nil {
			t.Fatalf("%q: %v", d.Needs[0], err)
		}
		// Counts are whole: a hundredth and two cases more settle the rest.
		if again := at(1.01 * float64(n+more+2) / float64(n)); again.Signals[0].Status != Pass {
			t.Fatalf("%q of %d in %d, and then %s", d.Needs[0], n-failures, n, again.Reason)
		}
	})
}

// A HOLD names all that is missing, the first reason and what else was wrong.
func TestNeedsNamesAll(t *testing.T) {
	t.Parallel()
	s := healthy(40)
	s.Exposures = Exposures{Treatment: 40, Control: 40, Step: &ArmCounts{Treatment: 10, Control: 30}}
	delete(s.Signals, "safety_pass_rate")
	d := Decide(DefaultPolicy(), s, State{ElapsedSeconds: 600})
	want := []string{
		"exposures: 60 more in the smaller arm",
		"exposures of this milestone: 40 more in the smaller arm",
		"safety_pass_rate: evidence (no_data)",
		"evidence_coverage: n=40, 10 more cases",
		"task_success_rate: n=40, 60 more cases",
		"context_preservation: n=40, 10 more cases",
		"p95_latency_ms: n=40, 160 more cases",
		"time: 50m more at this milestone",
	}
	if got := strings.Join(d.Needs, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("needs\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if d.Reason != "P7_EVIDENCE_MISSING:safety_pass_rate" || len(d.Also) != 6 {
		t.Errorf("%s, also %v", d.Reason, d.Also)
	}
}
