package gate

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// trial draws the cases of one release and keeps what a ledger would keep.
type trial struct {
	r       *rand.Rand
	policy  Policy
	rates   []simulated
	latency func(r *rand.Rand, arm int) float64 // nil: no latency
	arms    [2]trialArm
	bets    []Bets // by rate, where the policy bets
	points  []int  // cases at each restart point
}

// simulated is a rate of a trial: the chance of the i-th case of an arm.
type simulated struct {
	name string
	rate func(arm, i int) float64
}

// trialArm holds, for each rate, the passes after each case.
type trialArm struct {
	passes [][]Count
	values sortedValues
	over   [2][]Count // values over promote and rollback, after each case
}

// constant is a rate that is the same in both arms for ever.
func constant(p float64) func(int, int) float64 { return func(int, int) float64 { return p } }

// treated is a rate that is p in the control, and in the treatment after so
// many good cases q.
func treated(p, q float64, good int) func(int, int) float64 {
	return func(arm, i int) float64 {
		if arm == treatment && i >= good {
			return q
		}
		return p
	}
}

// agentRates are those of the simulated agent, in the order of agent-default.
func agentRates() []simulated {
	return []simulated{
		{"safety_pass_rate", constant(0.992)},
		{"evidence_coverage", constant(0.90)},
		{"task_success_rate", constant(0.88)},
		{"context_preservation", constant(0.96)},
	}
}

// agentLatency is lognormal around 5 s: 1.4 % take more than 15 s.
func agentLatency(r *rand.Rand, _ int) float64 { return 5000 * math.Exp(0.5*r.NormFloat64()) }

// agentTrial returns a release of an agent whose arms are alike but for what
// change says.
func agentTrial(r *rand.Rand, p Policy, change ...simulated) *trial {
	rates := agentRates()
	for _, c := range change {
		i := slices.IndexFunc(rates, func(s simulated) bool { return s.name == c.name })
		rates[i] = c
	}
	return newTrial(r, p, rates, agentLatency)
}

// oneSignal returns a release that is judged by one signal of agent-default
// alone, at the alpha that it has there.
func oneSignal(r *rand.Rand, estimator string, s simulated) *trial {
	p := DefaultPolicy()
	p.Comparison.Estimator = estimator
	i := slices.IndexFunc(p.Signals, func(signal Signal) bool { return signal.Name == s.name })
	p.Alpha.Rollback *= p.Signals[i].Weight
	p.Signals = p.Signals[i : i+1]
	p.Signals[0].Weight = 1
	return newTrial(r, p, []simulated{s}, nil)
}

func newTrial(r *rand.Rand, p Policy, rates []simulated, latency func(*rand.Rand, int) float64) *trial {
	t := &trial{r: r, policy: p, rates: rates, latency: latency}
	for arm := range t.arms {
		t.arms[arm].passes = make([][]Count, len(rates))
	}
	if p.Comparison.Estimator == Betting {
		for i := range rates {
			t.bets = append(t.bets, newBets(&p.Signals[i]))
		}
	}
	return t
}

// draw adds cases to each arm, one look's worth.
func (t *trial) draw(cases int) {
	for range cases {
		for arm := range t.arms {
			t.drawCase(arm)
		}
		for i := range t.bets {
			t.bet(i)
		}
	}
	n := t.cases()
	if last := append([]int{0}, t.points...)[len(t.points)]; n-last >= restartEvery {
		t.points = append(t.points, n)
	}
}

func (t *trial) drawCase(arm int) {
	a := &t.arms[arm]
	for i, s := range t.rates {
		n := len(a.passes[i])
		a.passes[i] = append(a.passes[i], last(a.passes[i])+flagOf(t.r.Float64() < s.rate(arm, n)))
	}
	if t.latency == nil {
		return
	}
	v := t.latency(t.r, arm)
	a.values.add(v)
	for i, limit := range []float64{15000, 21000} {
		a.over[i] = append(a.over[i], last(a.over[i])+flagOf(v > limit))
	}
}

// bet folds the last pair of a rate.
func (t *trial) bet(i int) {
	s := &t.policy.Signals[i]
	y := [2]float64{}
	for arm := range y {
		passes := t.arms[arm].passes[i]
		y[arm] = float64(last(passes) - last(passes[:len(passes)-1]))
	}
	t.bets[i].harmful(s, y[treatment], y[control])
	t.bets[i].harmless(s, y[treatment], y[control])
}

func (t *trial) cases() int { return len(t.arms[0].passes[0]) }

func last(counts []Count) Count {
	if len(counts) == 0 {
		return 0
	}
	return counts[len(counts)-1]
}

func flagOf(is bool) Count {
	if is {
		return 1
	}
	return 0
}

// snapshot returns the evidence so far. Restart points are those of earlier
// looks.
func (t *trial) snapshot() Snapshot {
	n := Count(t.cases())
	s := Snapshot{Exposures: Exposures{Treatment: n, Control: n}, Signals: map[string]Measure{}}
	for i, rate := range t.rates {
		m := Measure{Treatment: t.rateArm(treatment, i), Control: t.rateArm(control, i)}
		if t.bets != nil {
			m.Bets = &t.bets[i]
		}
		s.Signals[rate.name] = m
	}
	if t.latency != nil {
		s.Signals["p95_latency_ms"] = Measure{Treatment: t.latencyArm(treatment), Control: t.latencyArm(control)}
	}
	return s
}

func (t *trial) rateArm(arm, i int) *Arm {
	passes := t.arms[arm].passes[i]
	return &Arm{N: new(Count(len(passes))), K: new(last(passes)), Restarts: t.restarts(passes)}
}

func (t *trial) latencyArm(arm int) *Arm {
	a := &t.arms[arm]
	n := len(a.over[0])
	out := &Arm{N: new(Count(n)), GtPromote: new(last(a.over[0])), GtRollback: new(last(a.over[1])), Restarts: t.restarts(a.over[1])}
	if lo, hi, ok := rankInterval(0.95, n, 0.05*0.10/4); ok {
		out.QLo, out.QHi = new(a.values.at(lo)), new(a.values.at(hi))
	}
	return out
}

func (t *trial) restarts(counts []Count) []Restart {
	var out []Restart
	for _, point := range t.points {
		if point < len(counts) {
			out = append(out, Restart{last(counts) - counts[point-1], Count(len(counts) - point)})
		}
	}
	return out
}

// course is how a release went: after how many cases per arm it was first
// rolled back and could first go on; 0 is never.
type course struct{ rolledBack, promoted int }

// run looks every so many cases until the release is rolled back or has had
// most, at a milestone where time and passes are no matter. stop ends it at the
// first PROMOTE too.
func (t *trial) run(every, most int, st State, stop bool) course {
	st.ElapsedSeconds, st.PriorPasses = 7200, 1
	var c course
	for t.cases() < most {
		t.draw(min(every, most-t.cases()))
		switch Decide(t.policy, t.snapshot(), st).Verdict {
		case Rollback:
			c.rolledBack = t.cases()
			return c
		case Promote:
			if c.promoted == 0 {
				c.promoted = t.cases()
			}
			if stop {
				return c
			}
		case Hold:
		}
	}
	return c
}

// naiveZ is the test that the gate does not use: a one-sided z-test at 5 %,
// looked at again and again.
func (t *trial) naiveZ(i int) bool {
	n := float64(t.cases())
	p, q := float64(last(t.arms[treatment].passes[i]))/n, float64(last(t.arms[control].passes[i]))/n
	se := math.Sqrt(p*(1-p)/n + q*(1-q)/n)
	return se > 0 && (p-q)/se < -1.645
}

// repeat runs so many independent releases on all cores. The i-th has random
// numbers of its own, so that results depend on the seed alone.
func repeat[T any](seed uint64, releases int, one func(r *rand.Rand) T) []T {
	results := make([]T, releases)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				results[i] = one(rand.New(rand.NewPCG(seed, uint64(i))))
			}
		})
	}
	for i := range releases {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}

// share returns the share of results that are so.
func shareOf[T any](results []T, is func(T) bool) float64 {
	n := 0
	for _, r := range results {
		n += int(flagOf(is(r)))
	}
	return float64(n) / float64(len(results))
}

// deviation returns the standard error of a share of n.
func deviation(p float64, n int) float64 { return math.Sqrt(p * (1 - p) / float64(n)) }

// sample returns mean, its standard error, and median of what was measured;
// what never came counts as never, and is in no mean.
func sample(values []int) (mean, se, median float64) {
	sorted := slices.Sorted(slices.Values(values))
	sum, squares := 0.0, 0.0
	for _, v := range sorted {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(sorted))
	mean = sum / n
	se = math.Sqrt(max(0, squares/n-mean*mean) / n)
	return mean, se, float64(sorted[len(sorted)/2])
}
