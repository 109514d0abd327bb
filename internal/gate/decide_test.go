package gate

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wellPassed is a state in which a healthy release goes on.
func wellPassed() State { return State{ElapsedSeconds: 7200, PriorPasses: 1} }

// setRate gives a signal k of n in the treatment.
func setRate(s *Snapshot, signal string, k, n Count) {
	m := s.Signals[signal]
	m.Treatment = &Arm{N: new(n), K: new(k)}
	s.Signals[signal] = m
}

func TestDecideLadder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		change  func(p *Policy, s *Snapshot, st *State)
		verdict Verdict
		reason  string
	}{
		{"healthy", func(*Policy, *Snapshot, *State) {}, Promote, AllPass},
		{"a kill outranks an invalid policy", func(p *Policy, _ *Snapshot, st *State) {
			p.Alpha.Rollback = 0
			st.Operator = OperatorKill
		}, Rollback, OperatorKilled},
		{"an invalid policy outranks a critical event", func(p *Policy, s *Snapshot, _ *State) {
			p.Signals[0].Weight = 0.5
			s.CriticalEvents = 1
		}, Hold, PolicyInvalid},
		{"critical events that the policy allows", func(p *Policy, s *Snapshot, _ *State) {
			p.CriticalEvents.Max, s.CriticalEvents = 1, 1
		}, Promote, AllPass},
		{"another build, where that is allowed", func(p *Policy, s *Snapshot, _ *State) {
			p.Integrity.RequireBuildMatch = false
			s.Build = BuildIDs{Candidate: "b2", Seen: "b1"}
		}, Promote, AllPass},
		{"another build outranks an absolute floor", func(_ *Policy, s *Snapshot, _ *State) {
			s.Build = BuildIDs{Candidate: "b2", Seen: "b1"}
			setRate(s, "evidence_coverage", 100, 500)
		}, Hold, BuildMismatch},
		{"uneven coverage is missing", func(_ *Policy, s *Snapshot, _ *State) {
			m := s.Signals["task_success_rate"]
			m.CoverageGap = 0.06
			s.Signals["task_success_rate"] = m
		}, Hold, "P7_EVIDENCE_MISSING:task_success_rate"},
		{"missing, but not required", func(p *Policy, s *Snapshot, _ *State) {
			p.Signals[2].Required = false
			delete(s.Signals, "task_success_rate")
		}, Promote, AllPass},
		{"few, but not required", func(p *Policy, s *Snapshot, _ *State) {
			p.Signals[2].Required = false
			setRate(s, "task_success_rate", 10, 10)
		}, Promote, AllPass},
		{"not required, but proven bad", func(p *Policy, s *Snapshot, _ *State) {
			p.Signals[2].Required = false
			setRate(s, "task_success_rate", 100, 500)
		}, Rollback, "P5_SEVERE:task_success_rate"},
		{"few exposures of this milestone", func(_ *Policy, s *Snapshot, _ *State) {
			s.Exposures.Step = &ArmCounts{Treatment: 49, Control: 500}
		}, Hold, MinExposures},
		{"undetermined on a step that asks for no harm", func(_ *Policy, s *Snapshot, st *State) {
			setRate(s, "context_preservation", 447, 500)
			m := s.Signals["context_preservation"]
			m.Control = m.Treatment
			s.Signals["context_preservation"] = m
			st.Pass = NoHarm
		}, Promote, AllPass},
		{"undetermined elsewhere", func(_ *Policy, s *Snapshot, _ *State) {
			setRate(s, "context_preservation", 447, 500)
			m := s.Signals["context_preservation"]
			m.Control = m.Treatment
			s.Signals["context_preservation"] = m
		}, Hold, "P10_UNDETERMINED:context_preservation"},
		{"safety without control holds a step that asks for no harm", func(_ *Policy, s *Snapshot, st *State) {
			m := s.Signals["safety_pass_rate"]
			m.Control = nil
			s.Signals["safety_pass_rate"] = m
			st.Pass = NoHarm
		}, Hold, "P10_UNDETERMINED:safety_pass_rate"},
		{"below promote for longer than hold.timeout", func(_ *Policy, s *Snapshot, st *State) {
			setRate(s, "evidence_coverage", 360, 500)
			s.Signals["evidence_coverage"] = Measure{Treatment: s.Signals["evidence_coverage"].Treatment}
			st.HoldElapsedSeconds, st.HoldRun = 86401, HoldBad
		}, Rollback, "P11_HOLD_TIMEOUT(P8_BELOW_PROMOTE:evidence_coverage)"},
		{"below promote for exactly hold.timeout", func(_ *Policy, s *Snapshot, st *State) {
			setRate(s, "evidence_coverage", 360, 500)
			s.Signals["evidence_coverage"] = Measure{Treatment: s.Signals["evidence_coverage"].Treatment}
			st.HoldElapsedSeconds = 86400
		}, Hold, "P8_BELOW_PROMOTE:evidence_coverage"},
		{"below promote only now, after a long HOLD for lack of evidence", func(_ *Policy, s *Snapshot, st *State) {
			setRate(s, "evidence_coverage", 360, 500)
			s.Signals["evidence_coverage"] = Measure{Treatment: s.Signals["evidence_coverage"].Treatment}
			st.HoldElapsedSeconds, st.HoldRun = 1e6, HoldInsufficient
		}, Hold, "P8_BELOW_PROMOTE:evidence_coverage"},
		{"lack of evidence stays", func(_ *Policy, s *Snapshot, st *State) {
			s.Exposures.Treatment, s.Exposures.Control = 10, 10
			st.HoldElapsedSeconds = 1e6
		}, Hold, MinExposures},
		{"lack of evidence rolls back where the policy says so", func(p *Policy, s *Snapshot, st *State) {
			p.HoldRule.OnInsufficient = "rollback"
			s.Exposures.Treatment, s.Exposures.Control = 10, 10
			st.HoldElapsedSeconds = 1e6
		}, Rollback, "P11_HOLD_TIMEOUT(P9_MIN_EXPOSURES)"},
		{"without a rule of its own, lack of evidence is any HOLD", func(p *Policy, _ *Snapshot, st *State) {
			p.HoldRule.OnInsufficient = ""
			st.PriorPasses, st.HoldElapsedSeconds = 0, 1e6
		}, Rollback, "P11_HOLD_TIMEOUT(P12_HYSTERESIS)"},
		{"a cool-down never times out", func(p *Policy, _ *Snapshot, st *State) {
			p.HoldRule.OnInsufficient = "rollback"
			st.SinceRollbackSeconds, st.HoldElapsedSeconds = new(10.0), 1e6
		}, Hold, Cooldown},
		{"a pass that may not count", func(p *Policy, _ *Snapshot, st *State) {
			p.Hysteresis.ConsecutivePasses = 1
			st.PriorPasses = -1
		}, Hold, PassAgain},
		{"integrity for too long, but it stays", func(p *Policy, s *Snapshot, st *State) {
			p.Integrity.OnTimeout = "stay"
			s.Exposures.Treatment = 800
			st.IntegrityForSeconds = 1e6
		}, Hold, SRM},
		{"an elapsed time that is no number", func(_ *Policy, _ *Snapshot, st *State) {
			st.ElapsedSeconds = math.NaN()
		}, Hold, SnapshotInvalid},
		{"an unknown word of an operator", func(_ *Policy, _ *Snapshot, st *State) {
			st.Operator = "promote"
		}, Hold, SnapshotInvalid},
		{"a share that is no number", func(_ *Policy, s *Snapshot, _ *State) {
			m := s.Signals["task_success_rate"]
			m.TelemetryCoverage = new(math.NaN())
			s.Signals["task_success_rate"] = m
		}, Hold, SnapshotInvalid},
		{"q_lo above q_hi", func(_ *Policy, s *Snapshot, _ *State) {
			s.Signals["p95_latency_ms"].Treatment.QLo = new(14000.0)
		}, Hold, SnapshotInvalid},
		{"an arm without n", func(_ *Policy, s *Snapshot, _ *State) {
			s.Signals["task_success_rate"] = Measure{Treatment: &Arm{K: new(Count(1))}}
		}, Hold, SnapshotInvalid},
		{"a restart point of one number", func(_ *Policy, s *Snapshot, _ *State) {
			s.Signals["task_success_rate"].Treatment.Restarts = []Restart{{1}}
		}, Hold, SnapshotInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, s, st := DefaultPolicy(), healthy(500), wellPassed()
			tc.change(&p, &s, &st)
			got := Decide(p, s, st)
			if got.Verdict != tc.verdict || got.Reason != tc.reason {
				t.Errorf("got %s %s (%s), want %s %s", got.Verdict, got.Reason, got.Detail, tc.verdict, tc.reason)
			}
		})
	}
}

// Cases that are pending are innocent: failures that come at once and passes
// that come later roll nothing back.
func TestPendingIsInnocent(t *testing.T) {
	t.Parallel()
	p, s, st := DefaultPolicy(), healthy(500), wellPassed()
	setRate(&s, "evidence_coverage", 0, 40)
	if got := Decide(p, s, st); got.Reason != "P5_SEVERE:evidence_coverage" {
		t.Errorf("40 failures alone: %s", got.Reason)
	}
	s.Signals["evidence_coverage"].Treatment.Pending = 400
	got := Decide(p, s, st)
	if got.Verdict == Rollback {
		t.Errorf("40 failures and 400 pending cases: %s", got.Reason)
	}
	// A restart point has its own pending cases.
	s.Signals["evidence_coverage"].Treatment.Pending = 0
	setRate(&s, "evidence_coverage", 4500, 5040)
	arm := s.Signals["evidence_coverage"].Treatment
	arm.Restarts = []Restart{{0, 40}}
	if got := Decide(p, s, st); got.Reason != "P5_SEVERE:evidence_coverage" || got.Signals[1].Restart != 1 {
		t.Errorf("40 failures since the restart point: %s, point %d", got.Reason, got.Signals[1].Restart)
	}
	arm.Restarts = []Restart{{0, 40, 400}}
	if got := Decide(p, s, st); got.Verdict == Rollback {
		t.Errorf("40 failures and 400 pending cases since the restart point: %s", got.Reason)
	}
}

// A design effect of 2 is half the cases in every bound.
func TestDesignEffect(t *testing.T) {
	t.Parallel()
	p, st := DefaultPolicy(), wellPassed()
	half := Decide(p, healthy(250), st)
	p.Cluster.DesignEffect = 2
	whole := Decide(p, healthy(500), st)
	for i := range half.Signals {
		a, b := half.Signals[i], whole.Signals[i]
		if a.N*2 != b.N {
			t.Errorf("%s: n=%d, want the cases as they are", b.Name, b.N)
		}
		if diff := cmp.Diff(a.Lower, b.Lower); diff != "" {
			t.Errorf("%s: lower bound (-half +divided)\n%s", b.Name, diff)
		}
	}
}

// Halving spends alpha·2^-epoch, so that all epochs together spend alpha.
func TestHalvingSchedule(t *testing.T) {
	t.Parallel()
	p, s := DefaultPolicy(), healthy(500)
	bound := func() float64 { return *Decide(p, s, wellPassed()).Signals[1].RollbackUpper }
	full := bound()
	p.Alpha.Schedule = "halving"
	s.Epoch = 1
	half := bound()
	p.Alpha.Rollback = 0.025
	p.Alpha.Schedule = "per_epoch"
	if again := bound(); half <= full || half != again {
		t.Errorf("upper bounds: per epoch %v, first of halving %v, at half alpha %v", full, half, again)
	}
}

func TestAlsoAndNeeds(t *testing.T) {
	t.Parallel()
	s := healthy(500)
	setRate(&s, "evidence_coverage", 120, 300)
	got := Decide(DefaultPolicy(), s, wellPassed())
	if !slices.Contains(got.Also, "P6_REGRESSION:evidence_coverage") {
		t.Errorf("also = %v, want the regression of the same signal", got.Also)
	}
	if len(got.Needs) != 0 || got.Next != 0 {
		t.Errorf("a ROLLBACK needs %v, next %v", got.Needs, got.Next)
	}

	s = healthy(120)
	got = Decide(DefaultPolicy(), s, State{ElapsedSeconds: 3570})
	want := []string{
		"safety_pass_rate: n=120, about 360 more cases at the current estimate",
		"p95_latency_ms: n=120, 80 more cases",
		"time: 30s more at this milestone",
	}
	if diff := cmp.Diff(want, got.Needs); diff != "" {
		t.Errorf("needs (-want +got)\n%s", diff)
	}
	if got.Next != Duration(30e9) {
		t.Errorf("next = %s, want 30s, when min_duration is over", got.Next)
	}
}

func TestZeroDecisionHolds(t *testing.T) {
	t.Parallel()
	var d Decision
	if d.Verdict != Hold || d.Verdict.String() != "HOLD" {
		t.Errorf("the zero decision is %s", d.Verdict)
	}
	got := Decide(Policy{}, Snapshot{}, State{})
	if got.Verdict != Hold || got.Reason != PolicyInvalid {
		t.Errorf("the zero policy decides %s %s", got.Verdict, got.Reason)
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	p, s, st := DefaultPolicy(), healthy(500), wellPassed()
	recorded := Decide(p, s, st)
	if got := recorded.Differences(Decide(p, s, st)); len(got) != 0 {
		t.Errorf("decided again: %v", got)
	}
	setRate(&s, "task_success_rate", 441, 500)
	got := recorded.Differences(Decide(p, s, st))
	want := "task_success_rate.estimate: recorded 0.88, recomputed 0.882"
	if !slices.Contains(got, want) {
		t.Errorf("after one count: %q, want %q among them", got, want)
	}
}
