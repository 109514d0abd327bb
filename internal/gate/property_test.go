package gate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawArm draws the counts of a rate.
func drawArm(t *rapid.T, name string) *Arm {
	n := rapid.Int64Range(0, 3000).Draw(t, name+" n")
	k := rapid.Int64Range(0, n).Draw(t, name+" k")
	if rapid.Bool().Draw(t, name+" good") {
		k = n - k/12
	}
	a := &Arm{N: new(Count(n)), K: new(Count(k))}
	if rapid.IntRange(0, 4).Draw(t, name+" has pending") == 0 {
		a.Pending = Count(rapid.Int64Range(0, 300).Draw(t, name+" pending"))
	}
	if n > 0 && rapid.IntRange(0, 3).Draw(t, name+" has restarts") == 0 {
		since := rapid.Int64Range(0, n).Draw(t, name+" since")
		a.Restarts = []Restart{{Count(rapid.Int64Range(0, since).Draw(t, name+" k since")), Count(since)}}
	}
	return a
}

func drawLatency(t *rapid.T, name string) *Arm {
	n := rapid.Int64Range(0, 3000).Draw(t, name+" n")
	over := rapid.Int64Range(0, n/4).Draw(t, name+" over promote")
	a := &Arm{N: new(Count(n)), GtPromote: new(Count(over)), GtRollback: new(Count(rapid.Int64Range(0, over).Draw(t, name+" over rollback")))}
	if n >= 176 {
		lo := rapid.Float64Range(1000, 20000).Draw(t, name+" q_lo")
		a.QLo, a.QHi = &lo, new(lo*rapid.Float64Range(1, 2).Draw(t, name+" spread"))
	}
	return a
}

// drawSnapshot draws evidence that may be good, bad, little or missing.
func drawSnapshot(t *rapid.T) Snapshot {
	n := rapid.Int64Range(0, 3000).Draw(t, "exposures")
	s := Snapshot{
		Exposures: Exposures{Treatment: Count(n), Control: Count(n + rapid.Int64Range(0, 60).Draw(t, "more"))},
		Signals:   map[string]Measure{},
	}
	for _, signal := range DefaultPolicy().Signals {
		if rapid.IntRange(0, 9).Draw(t, signal.Name+" absent") == 0 {
			continue
		}
		draw := drawArm
		if signal.Kind == Quantile {
			draw = drawLatency
		}
		m := Measure{Treatment: draw(t, signal.Name+" treatment"), Control: draw(t, signal.Name+" control")}
		if rapid.IntRange(0, 9).Draw(t, signal.Name+" stale") == 0 {
			m.AgeSeconds = 2000
		}
		s.Signals[signal.Name] = m
	}
	return s
}

func drawState(t *rapid.T) State {
	return State{
		ElapsedSeconds: rapid.Float64Range(0, 1e5).Draw(t, "elapsed"),
		PriorPasses:    rapid.IntRange(-1, 2).Draw(t, "passes"),
		Final:          rapid.Bool().Draw(t, "final"),
		Pass:           rapid.SampledFrom([]string{"", NoHarm, ByTime, ByApproval}).Draw(t, "pass"),
	}
}

// Deciding again, or from JSON, decides the same: nothing depends on the order
// of a map.
func TestDecideIsDeterministic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, s, st := DefaultPolicy(), drawSnapshot(t), drawState(t)
		want := Decide(p, s, st)
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again Snapshot
		if err := json.Unmarshal(raw, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, Decide(p, again, st)); diff != "" {
			t.Fatalf("through JSON (-before +after)\n%s", diff)
		}
		if differences := want.Differences(Decide(p, again, st)); len(differences) != 0 {
			t.Fatalf("differences %v", differences)
		}
	})
}

// Turning passes into failures never turns a release that does not go on into
// one that does.
func TestMoreFailuresNeverPromote(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		s, st := drawSnapshot(t), drawState(t)
		before := Decide(p, s, st)
		name := rapid.SampledFrom([]string{"safety_pass_rate", "evidence_coverage", "task_success_rate", "context_preservation"}).Draw(t, "signal")
		m, ok := s.Signals[name]
		if !ok {
			return
		}
		worse := *m.Treatment
		worse.K = new(*worse.K - Count(rapid.Int64Range(0, int64(*worse.K)).Draw(t, "failures")))
		m.Treatment = &worse
		s.Signals[name] = m
		if after := Decide(p, s, st); before.Verdict != Promote && after.Verdict == Promote {
			t.Fatalf("%s became %s", before.Reason, after.Reason)
		}
	})
}

// Without a required signal there is no PROMOTE.
func TestNoPromotionWithoutEvidence(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		s, st := drawSnapshot(t), drawState(t)
		if rapid.Bool().Draw(t, "healthy") {
			s, st = healthy(Count(rapid.Int64Range(100, 9000).Draw(t, "n"))), wellPassed()
		}
		delete(s.Signals, rapid.SampledFrom(p.Signals).Draw(t, "absent").Name)
		if got := Decide(p, s, st); got.Verdict == Promote {
			t.Fatal("promoted")
		}
	})
}

// Ten times the evidence for the same rates proves what less had proven.
func TestScalingKeepsProof(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		s, st := drawSnapshot(t), drawState(t)
		before := Decide(p, s, st)
		for name, m := range s.Signals {
			for _, a := range []*Arm{m.Treatment, m.Control} {
				a.Pending *= 10
				for _, c := range []*Count{a.N, a.K, a.GtPromote, a.GtRollback} {
					if c != nil {
						*c *= 10
					}
				}
				for _, r := range a.Restarts {
					for i := range r {
						r[i] *= 10
					}
				}
			}
			s.Signals[name] = m
		}
		after := Decide(p, s, st)
		for i, status := range before.Signals {
			if status.Status == Severe && after.Signals[i].Status != Severe {
				t.Fatalf("%s was SEVERE and became %s", status.Name, after.Signals[i].Status)
			}
		}
	})
}

// The reason of a PROMOTE is always that all pass, and a HOLD never has it.
func TestReasonMatchesVerdict(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		got := Decide(p, drawSnapshot(t), drawState(t))
		if (got.Verdict == Promote) != (got.Reason == AllPass) {
			t.Fatalf("%s %s", got.Verdict, got.Reason)
		}
		if rolls := isRule(got.Reason, "P1", "P2", "P5", "P6") || strings.Contains(got.Reason, "TIMEOUT"); (got.Verdict == Rollback) != rolls {
			t.Fatalf("%s %s", got.Verdict, got.Reason)
		}
	})
}
