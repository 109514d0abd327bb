package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// simulation draws cases of both arms and keeps what a ledger would keep of
// them. The truth of both arms is the same unless evidence says otherwise.
type simulation struct {
	r        *rand.Rand
	arms     [2]simulatedArm
	evidence func(arm, cases int) float64
	points   []int // cases at each restart point
}

// simulatedArm holds, for each rate, the number of passes after each case.
type simulatedArm struct {
	passes [4][]Count
	values sortedValues
	over   [2][]Count // values over promote and rollback, after each case
}

// The signals of simulation, in the order of agent-default, and their rates.
var simulated = []struct {
	name string
	rate float64
}{
	{"safety_pass_rate", 0.992}, {"evidence_coverage", 0.90}, {"task_success_rate", 0.88}, {"context_preservation", 0.96},
}

func newSimulation(seed, release uint64) *simulation {
	return &simulation{
		r:        rand.New(rand.NewPCG(seed, release)),
		evidence: func(int, int) float64 { return simulated[1].rate },
	}
}

// draw adds cases to each arm, one look's worth.
func (s *simulation) draw(cases int) {
	for range cases {
		for a := range s.arms {
			s.drawCase(a)
		}
	}
	n := s.cases()
	if last := append([]int{0}, s.points...)[len(s.points)]; n-last >= restartEvery {
		s.points = append(s.points, n)
	}
}

func (s *simulation) drawCase(a int) {
	arm := &s.arms[a]
	for i, signal := range simulated {
		rate := signal.rate
		if i == 1 {
			rate = s.evidence(a, len(arm.passes[1]))
		}
		arm.passes[i] = append(arm.passes[i], last(arm.passes[i])+flag(s.r.Float64() < rate))
	}
	latency := 5000 * math.Exp(0.5*s.r.NormFloat64())
	arm.values.add(latency)
	for i, limit := range []float64{15000, 21000} {
		arm.over[i] = append(arm.over[i], last(arm.over[i])+flag(latency > limit))
	}
}

func (s *simulation) cases() int { return len(s.arms[0].passes[0]) }

func last(counts []Count) Count {
	if len(counts) == 0 {
		return 0
	}
	return counts[len(counts)-1]
}

func flag(is bool) Count {
	if is {
		return 1
	}
	return 0
}

// snapshot returns the evidence so far. Restart points are those of earlier
// looks.
func (s *simulation) snapshot() Snapshot {
	n := Count(s.cases())
	out := Snapshot{Exposures: Exposures{Treatment: n, Control: n}, Signals: map[string]Measure{}}
	for i, signal := range simulated {
		out.Signals[signal.name] = Measure{Treatment: s.rateArm(0, i), Control: s.rateArm(1, i)}
	}
	out.Signals["p95_latency_ms"] = Measure{Treatment: s.latencyArm(0), Control: s.latencyArm(1)}
	return out
}

func (s *simulation) rateArm(a, i int) *Arm {
	passes := s.arms[a].passes[i]
	return &Arm{N: new(Count(len(passes))), K: new(last(passes)), Restarts: s.restarts(passes)}
}

func (s *simulation) latencyArm(a int) *Arm {
	arm := &s.arms[a]
	n := len(arm.over[0])
	out := &Arm{N: new(Count(n)), GtPromote: new(last(arm.over[0])), GtRollback: new(last(arm.over[1])), Restarts: s.restarts(arm.over[1])}
	if lo, hi, ok := rankInterval(0.95, n, 0.05*0.10/4); ok {
		out.QLo, out.QHi = new(arm.values.at(lo)), new(arm.values.at(hi))
	}
	return out
}

func (s *simulation) restarts(counts []Count) []Restart {
	var out []Restart
	for _, point := range s.points {
		if point < len(counts) {
			out = append(out, Restart{last(counts) - counts[point-1], Count(len(counts) - point)})
		}
	}
	return out
}

// naiveZ is the test that the gate does not use: a one-sided z-test at 5 %,
// looked at again and again.
func (s *simulation) naiveZ() bool {
	n := float64(s.cases())
	t, c := float64(last(s.arms[0].passes[1]))/n, float64(last(s.arms[1].passes[1]))/n
	se := math.Sqrt(t*(1-t)/n + c*(1-c)/n)
	return se > 0 && (t-c)/se < -1.645
}

// Two arms that are alike are rarely rolled back however often the gate
// looks; a naive test does it all the time, so this test would see it.
func TestSimulatedAA(t *testing.T) {
	t.Parallel()
	const seed, cases, every = 20261122, 2000, 50
	releases := 2000
	if raceEnabled {
		releases = 20
	}
	p := DefaultPolicy()
	rolledBack, naive, promotable := 0, 0, 0
	for release := range releases {
		s := newSimulation(seed, uint64(release))
		bad, fooled, passed := false, false, false
		for s.cases() < cases {
			s.draw(every)
			d := Decide(p, s.snapshot(), State{ElapsedSeconds: 7200, PriorPasses: 1})
			bad = bad || d.Verdict == Rollback
			passed = passed || d.Verdict == Promote
			fooled = fooled || s.naiveZ()
		}
		rolledBack, naive, promotable = rolledBack+int(flag(bad)), naive+int(flag(fooled)), promotable+int(flag(passed))
	}
	share := func(n int) float64 { return float64(n) / float64(releases) }
	t.Logf("seed %d, %d releases: %.2f %% rolled back, %.1f %% by the naive test, %.1f %% could go on",
		seed, releases, 100*share(rolledBack), 100*share(naive), 100*share(promotable))
	if share(rolledBack) > 0.05 {
		t.Errorf("%.2f %% of good releases are rolled back, want at most 5 %%", 100*share(rolledBack))
	}
	if raceEnabled {
		return
	}
	if share(naive) < 0.20 {
		t.Errorf("the naive test rolls back %.1f %%, want over 20 %%: the harness sees nothing", 100*share(naive))
	}
	if share(promotable) < 0.99 {
		t.Errorf("only %.1f %% of good releases could go on", 100*share(promotable))
	}
}

// After thousands of good cases a build that breaks is found within 300 bad
// ones, thanks to restart points; without them it takes thousands.
func TestSimulatedLateChange(t *testing.T) {
	t.Parallel()
	const seed, good, every = 20261122, 5000, 10
	releases := 100
	if raceEnabled {
		releases = 3
	}
	p := DefaultPolicy()
	var delays []int
	for release := range releases {
		s := newSimulation(seed, uint64(release))
		s.evidence = func(arm, cases int) float64 {
			if arm == 0 && cases >= good {
				return 0.55
			}
			return 0.90
		}
		for s.cases() < good {
			s.draw(50)
		}
		for s.cases() < good+1000 {
			s.draw(every)
			if Decide(p, s.snapshot(), wellPassed()).Verdict == Rollback {
				break
			}
		}
		delays = append(delays, s.cases()-good)
	}
	slices.Sort(delays)
	t.Logf("seed %d, %d releases: median %d, slowest %d bad cases per arm", seed, releases, delays[releases/2], delays[releases-1])
	if delays[releases/2] > 250 || delays[releases*9/10] > 300 {
		t.Errorf("median %d and 90 %% by %d bad cases, want 250 and 300", delays[releases/2], delays[releases*9/10])
	}
}

// An agent whose failures come at once and whose passes come ten minutes
// later is as good as its control, and is not rolled back.
func TestSimulatedLag(t *testing.T) {
	t.Parallel()
	const seed = 20261122
	releases := 40
	if raceEnabled {
		releases = 2
	}
	withPending, without := 0, 0
	for release := range releases {
		with, blind := lagged(rand.New(rand.NewPCG(seed, uint64(release))))
		withPending, without = withPending+int(flag(with)), without+int(flag(blind))
	}
	t.Logf("seed %d, %d releases: %d rolled back, %d if pending cases were not counted", seed, releases, withPending, without)
	if withPending > 0 || without < releases*9/10 {
		t.Errorf("%d rolled back, %d without pending cases; want 0 and nearly all", withPending, without)
	}
}

// builds are those that the arms of a simulation run.
var builds = map[string]string{Treatment: "b2", Control: "b1"}

// lagged runs one release of half an hour and says whether it was rolled back,
// and whether it would have been had pending cases not counted.
func lagged(r *rand.Rand) (rolledBack, blind bool) {
	p := DefaultPolicy()
	p.Signals = []Signal{p.Signals[1]}
	p.Signals[0].Weight = 1
	l := NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e"})
	waiting := map[int][]Observation{}
	for minute := range 30 {
		for i := range 60 {
			for _, o := range waiting[minute*60+i] {
				l.AddObservation(&o)
			}
			for _, arm := range []string{Treatment, Control} {
				o := Observation{
					At: modelStart.Add(time.Duration(minute*60+i) * time.Second), Environment: "e", Flag: "f",
					Arm: arm, Build: builds[arm], Unit: fmt.Sprint(arm, minute, "-", i), Signal: "exposure",
				}
				l.AddObservation(&o)
				o.Signal, o.Pass = "evidence_coverage", new(r.Float64() < 0.9)
				if !*o.Pass {
					l.AddObservation(&o)
					continue
				}
				o.At = o.At.Add(10 * time.Minute)
				waiting[minute*60+i+600] = append(waiting[minute*60+i+600], o)
			}
		}
		s := l.Snapshot(modelStart.Add(time.Duration(minute+1)*time.Minute), Progress{})
		rolledBack = rolledBack || Decide(p, s, State{}).Verdict == Rollback
		m := s.Signals["evidence_coverage"]
		m.Treatment.Pending = 0
		for i, restart := range m.Treatment.Restarts {
			m.Treatment.Restarts[i] = restart[:2]
		}
		blind = blind || Decide(p, s, State{}).Verdict == Rollback
	}
	return rolledBack, blind
}
