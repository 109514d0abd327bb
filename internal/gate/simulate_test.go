package gate

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	fullSize = flag.Bool("simulate", false, "run every design at its full size and print its figures")
	simSeed  = flag.Uint64("seed", 20261123, "the seed of the simulations; 0 takes a fresh one and prints it")
)

// figure is one number of a design, beside what it must be.
type figure struct {
	what   string
	got    float64
	se     float64 // standard error; 0 where there is none to give
	least  float64 // got must be at least this
	most   float64 // and at most this
	digits string  // how it is printed
	known  string  // why it is known to miss; "" where a miss is a failure
}

func (f figure) ok() bool { return f.got >= f.least && f.got <= f.most }

func (f figure) String() string {
	se, target := "", "(reported)"
	if f.se > 0 {
		se = fmt.Sprintf(" ± "+f.digits, f.se)
	}
	switch {
	case f.least == f.most:
		target = fmt.Sprintf("want "+f.digits, f.most)
	case !math.IsInf(f.most, 1) && math.IsInf(f.least, -1):
		target = fmt.Sprintf("at most "+f.digits, f.most)
	case !math.IsInf(f.most, 1):
		target = fmt.Sprintf("want "+f.digits+" to "+f.digits, f.least, f.most)
	case !math.IsInf(f.least, -1):
		target = fmt.Sprintf("at least "+f.digits, f.least)
	}
	known := ""
	if f.known != "" {
		known = " (" + f.known + ")"
	}
	return fmt.Sprintf("%-58s "+f.digits+"%s, %s%s", f.what, f.got, se, target, known)
}

// mark says how a figure stands.
func (f figure) mark() string {
	switch {
	case f.ok():
		return "ok  "
	case f.known != "":
		return "gap "
	}
	return "MISS"
}

// atMost is a share that must not exceed a bound; three standard errors are
// the target's own slack.
func atMost(what string, share float64, reps int, bound float64) figure {
	return figure{what: what, got: share, se: deviation(share, reps), least: math.Inf(-1), most: bound + 3*deviation(bound, reps), digits: "%.4f"}
}

// atLeast is a share that must reach a bound.
func atLeast(what string, share float64, reps int, bound float64) figure {
	return figure{what: what, got: share, se: deviation(share, reps), least: bound, most: math.Inf(1), digits: "%.4f"}
}

// cases is a number of cases that must not exceed a bound.
func cases(what string, n, bound float64) figure {
	return figure{what: what, got: n, least: math.Inf(-1), most: bound, digits: "%.0f"}
}

// medianAtMost is the median of what was measured, which must not exceed a
// bound. A brief run is given three standard errors of slack.
func medianAtMost(what string, values []int, bound float64) figure {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	spread := int(math.Sqrt(float64(n)) / 2)
	f := cases(what, float64(sorted[n/2]), bound)
	f.se = float64(sorted[min(n/2+spread, n-1)]-sorted[n/2-spread]) / 2
	if !*fullSize {
		f.most += 3 * f.se
	}
	return f
}

// reported is a figure without a target.
func reported(what string, v float64) figure {
	return figure{what: what, got: v, least: math.Inf(-1), most: math.Inf(1), digits: "%.4f"}
}

// design is one simulation. run gives its figures for so many
// repetitions; brief is the number in `make test`, 0 where it is too slow.
type design struct {
	name        string
	full, brief int
	run         func(seed uint64, reps int) []figure
}

// TestSimulate runs the designs: briefly in `make test`, fully with -simulate.
func TestSimulate(t *testing.T) {
	t.Parallel()
	seed := *simSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	for _, d := range designs {
		reps := d.brief
		switch {
		case *fullSize:
			reps = d.full
		case raceEnabled:
			reps = (reps + 49) / 50
		}
		if reps == 0 {
			continue
		}
		t.Run(strings.Fields(d.name)[0], func(t *testing.T) {
			start := time.Now()
			var out strings.Builder
			for _, f := range d.run(seed, reps) {
				if f.mark() == "MISS" && !raceEnabled { // a handful of releases shows races, and no shares
					t.Errorf("%s: %s", d.name, f)
				}
				fmt.Fprintf(&out, "  %s %s\n", f.mark(), f)
			}
			t.Logf("%s: seed %d, %d repetitions, %.1f s\n%s", d.name, seed, reps, time.Since(start).Seconds(), out.String())
		})
	}
}

var designs = []design{
	{"V1 A/A, false rollback, a look each 50 to 2,000 cases per arm", 2000, 100, alike},
	{"V3 the same by a naive z-test", 4000, 1000, alikeNaive},
	{"V2 A/A in clusters of 4, intra-cluster correlation .4", 1000, 0, clustered},
	{"V4 coverage of the confidence sequence at every n to 5,000", 10000, 0, covered},
	{"V5 detection, evidence coverage .90, a look each 100 to 2,000", 1000, 60, evidenceFalls},
	{"V6 detection, safety .992, non-inferiority asked", 1000, 40, safetyFalls},
	{"V7 latency, 12 % over 15 s and 8 % over 21 s", 1000, 0, slow},
	{"V8 speed of promotion, A/A, a look each 100", 1000, 0, promotes},
	{"V10 sample ratio mismatch, a look at every tenth unit", 5000, 500, mismatched},
	{"V11 A/A while the base rate falls .9 to .8 over 2,000 cases", 1000, 0, trending},
	{"V12 A/A, the treatment's outcomes come 10 minutes later", 300, 0, delayed},
	{"V13 a change after 5,000 and 50,000 good cases, a look each 10", 400, 20, lateChange},
	{"V14 A/A, failures at once and passes 10 minutes later", 1000, 20, lagging},
	{"V15 false non-inferiority, the true drop is the margin", 10000, 0, falseNI},
	{"D1 detection beside Wald's bound, a look after every pair", 1000, 0, besideWald},
	{"N1 cases that prove a rate, a look each 10", 2000, 0, needed},
	{"D2 evidence .90 to .85 is never rolled back, to 5,000", 1000, 0, smallDrop},
}

// V1: two arms that are alike.
func alike(seed uint64, reps int) []figure {
	courses := repeat(seed, reps, func(r *rand.Rand) course {
		return agentTrial(r, DefaultPolicy()).run(50, 2000, State{}, false)
	})
	return []figure{atMost("V1 rolled back", shareOf(courses, func(c course) bool { return c.rolledBack > 0 }), reps, 0.05)}
}

// V3: the same by a test that is not valid at many looks. It must fail, or V1
// has no teeth.
func alikeNaive(seed uint64, reps int) []figure {
	results := repeat(seed, reps, func(r *rand.Rand) bool {
		t := oneSignal(r, AsymptoticCS, simulated{"evidence_coverage", constant(0.9)})
		for t.cases() < 2000 {
			if t.draw(50); t.naiveZ(0) {
				return true
			}
		}
		return false
	})
	return []figure{atLeast("V3 rolled back by z < -1.645", shareOf(results, func(b bool) bool { return b }), reps, 0.20)}
}

// V2: cases of one unit are correlated; their counts are divided by the design
// effect 1 + 3·.4.
func clustered(seed uint64, reps int) []figure {
	one := func(effect, margin float64) float64 {
		return shareOf(repeat(seed, reps, func(r *rand.Rand) bool {
			s := simulated{name: "evidence_coverage"}
			rate := [2]float64{}
			s.rate = func(arm, i int) float64 {
				if i%4 == 0 { // Beta(.9·1.5, .1·1.5): correlation 1/(1+1.5)
					rate[arm] = drawBeta(r, 0.9*1.5, 0.1*1.5)
				}
				return rate[arm]
			}
			t := agentTrial(r, DefaultPolicy(), s)
			t.policy.Cluster = Cluster{MaxCasesPerUnit: 4, DesignEffect: effect}
			t.policy.Signals[1].Relative.RollbackMargin = margin
			return t.run(48, 2016, State{}, false).rolledBack > 0
		}), func(b bool) bool { return b })
	}
	return []figure{
		atMost("V2 rolled back", one(2.2, 0.10), reps, 0.05),
		atMost("V2 rolled back for any harm at all (margin 0)", one(2.2, 0), reps, 0.05),
		reported("   the same, cases counted as independent", one(1, 0)),
	}
}

// drawBeta draws from Beta(a, b) by two gammas (Marsaglia and Tsang).
func drawBeta(r *rand.Rand, a, b float64) float64 {
	x, y := drawGamma(r, a), drawGamma(r, b)
	return x / (x + y)
}

func drawGamma(r *rand.Rand, a float64) float64 {
	if a < 1 {
		return drawGamma(r, a+1) * math.Pow(r.Float64(), 1/a)
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := (1 + c*x) * (1 + c*x) * (1 + c*x)
		if v > 0 && math.Log(r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// V4: how often the true rate is ever outside the 95 % confidence sequence.
func covered(seed uint64, reps int) []figure {
	var figures []figure
	limit := -math.Log(0.05)
	for _, p := range []float64{0.5, 0.8, 0.9, 0.95, 0.99} {
		missed := repeat(seed, reps, func(r *rand.Rand) bool {
			logE, pass, n := 0.0, 0.0, 0.0
			up, down := math.Log(p), math.Log1p(-p)
			for range 5000 {
				if r.Float64() < p {
					logE += math.Log((robbins.a+pass)/(1+n)) - up
					pass++
				} else {
					logE += math.Log((robbins.b+n-pass)/(1+n)) - down
				}
				if n++; logE >= limit {
					return true
				}
			}
			return false
		})
		figures = append(figures, atMost(fmt.Sprintf("V4 missed at p = %.2f", p), shareOf(missed, func(b bool) bool { return b }), reps, 0.05))
	}
	return figures
}

// V5: evidence coverage is the signal that catches severe regressions.
func evidenceFalls(seed uint64, reps int) []figure {
	run := func(q float64) []course {
		return repeat(seed, reps, func(r *rand.Rand) course {
			return agentTrial(r, DefaultPolicy(), simulated{"evidence_coverage", treated(0.90, q, 0)}).run(100, 2000, State{}, false)
		})
	}
	rolledBack := func(c course) bool { return c.rolledBack > 0 }
	severe, bad, small := run(0.50), run(0.70), run(0.78)
	return []figure{
		atLeast("V5 .50 rolled back", shareOf(severe, rolledBack), reps, 0.99),
		medianAtMost("V5 .50 median cases per arm", rollbacks(severe), 100),
		atLeast("V5 .70 rolled back", shareOf(bad, rolledBack), reps, 0.99),
		medianAtMost("V5 .70 median cases per arm", rollbacks(bad), 500),
		atMost("V5 .78 could go on", shareOf(small, func(c course) bool { return c.promoted > 0 }), reps, 0.05),
		reported("   .78 rolled back by 2,000", shareOf(small, rolledBack)),
	}
}

// rollbacks returns the cases to ROLLBACK; never is longer than any.
func rollbacks(courses []course) []int {
	var n []int
	for _, c := range courses {
		if c.rolledBack == 0 {
			c.rolledBack = math.MaxInt32
		}
		n = append(n, c.rolledBack)
	}
	return n
}

// V6: safety has the smallest drops that matter, and asks for non-inferiority
// at every step.
func safetyFalls(seed uint64, reps int) []figure {
	var figures []figure
	for _, estimator := range []string{AsymptoticCS, Betting} {
		run := func(q float64) []course {
			return repeat(seed, reps, func(r *rand.Rand) course {
				p := DefaultPolicy()
				p.Comparison.Estimator = estimator
				return agentTrial(r, p, simulated{"safety_pass_rate", treated(0.992, q, 0)}).run(100, 2000, State{Pass: NoHarm}, false)
			})
		}
		by := func(n int) func(course) bool {
			return func(c course) bool { return c.rolledBack > 0 && c.rolledBack <= n }
		}
		goesOn := func(c course) bool { return c.promoted > 0 }
		bad, small := run(0.93), run(0.96)
		soon := atLeast("V6 .93 rolled back by 1,000, "+estimator, shareOf(bad, by(1000)), reps, 0.99)
		soon.known = "neither test reaches it by 1,000; with the whole alpha and no restart points the interval reaches .95"
		figures = append(figures,
			soon,
			atLeast("V6 .93 rolled back by 2,000, "+estimator, shareOf(bad, by(2000)), reps, 0.99),
			medianAtMost("V6 .93 median cases per arm, "+estimator, rollbacks(bad), 1000),
			atMost("V6 .93 could go on, "+estimator, shareOf(bad, goesOn), reps, 0.05),
			atMost("V6 .96 could go on by 2,000, "+estimator, shareOf(small, goesOn), reps, 0.05))
	}
	return figures
}

// V7: the floor of a quantile is a share of cases.
func slow(seed uint64, reps int) []figure {
	courses := repeat(seed, reps, func(r *rand.Rand) course {
		t := agentTrial(r, DefaultPolicy())
		t.latency = func(r *rand.Rand, arm int) float64 {
			u := r.Float64()
			switch {
			case arm == control:
				return agentLatency(r, arm)
			case u < 0.08:
				return 25000
			case u < 0.12:
				return 18000
			}
			return min(agentLatency(r, arm), 15000)
		}
		return t.run(100, 2000, State{}, false)
	})
	return []figure{
		atLeast("V7 rolled back by 2,000", shareOf(courses, func(c course) bool { return c.rolledBack > 0 }), reps, 0.90),
		atMost("V7 could go on", shareOf(courses, func(c course) bool { return c.promoted > 0 }), reps, 0.05),
		medianAtMost("V7 median cases per arm", rollbacks(courses), 2000),
	}
}

// V8: a build that is as good as its control must get on.
func promotes(seed uint64, reps int) []figure {
	needed := func(st State) []int {
		var n []int
		for _, c := range repeat(seed, reps, func(r *rand.Rand) course {
			return agentTrial(r, DefaultPolicy()).run(100, 4000, st, true)
		}) {
			if c.promoted == 0 {
				c.promoted = math.MaxInt32
			}
			n = append(n, c.promoted)
		}
		return n
	}
	return []figure{
		medianAtMost("V8 median cases per arm of an early step, no_harm", needed(State{Pass: NoHarm}), 500),
		medianAtMost("V8 median cases per arm of a step that is proven", needed(State{}), 500),
		medianAtMost("V8 median cases per arm of the last, non-inferior", needed(State{Final: true}), 1500),
	}
}

// V10: units that are split half and half, and 60 to 40.
func mismatched(seed uint64, reps int) []figure {
	flagged := func(share float64, most int) []int {
		return repeat(seed, reps, func(r *rand.Rand) int {
			arms := [2]float64{}
			for n := 1; n <= most; n++ {
				arms[1-flagOf(r.Float64() < share)]++
				if n%10 == 0 && srmLogE(arms[0], arms[1], 0.5, 100) >= ln(1000) {
					return n
				}
			}
			return math.MaxInt32
		})
	}
	is := func(n int) bool { return n != math.MaxInt32 }
	return []figure{
		atMost("V10 half and half flagged by 5,000 units", shareOf(flagged(0.5, 5000), is), reps, 0.001),
		medianAtMost("V10 60 to 40 median units to a flag", flagged(0.6, 2000), 700),
		cases("V10 exactly 60 to 40, units to a flag", exactMismatch(), 700),
	}
}

// exactMismatch returns the units after which 3 to 2 is flagged.
func exactMismatch() float64 {
	n := 5.0
	for srmLogE(0.6*n, 0.4*n, 0.5, 100) < ln(1000) {
		n += 5
	}
	return n
}

// V11: a trend over time hits both arms alike.
func trending(seed uint64, reps int) []figure {
	falling := func(_, i int) float64 { return 0.9 - 0.1*min(float64(i)/2000, 1) }
	courses := repeat(seed, reps, func(r *rand.Rand) course {
		t := agentTrial(r, DefaultPolicy(), simulated{"evidence_coverage", falling}, simulated{"task_success_rate", falling})
		return t.run(50, 2000, State{}, false)
	})
	return []figure{atMost("V11 rolled back", shareOf(courses, func(c course) bool { return c.rolledBack > 0 }), reps, 0.05)}
}

// V13: restart points find a late change as fast as an early one.
func lateChange(seed uint64, reps int) []figure {
	var figures []figure
	for _, good := range []int{5000, 50000} {
		for _, to := range []struct{ rate, bound float64 }{{0.50, 250}, {0.70, 1200}} {
			delays := repeat(seed, reps, func(r *rand.Rand) int {
				t := oneSignal(r, AsymptoticCS, simulated{"evidence_coverage", treated(0.90, to.rate, good)})
				for t.cases() < good {
					t.draw(100)
				}
				if n := t.run(10, good+5000, State{}, false).rolledBack; n > 0 {
					return n - good
				}
				return math.MaxInt32
			})
			figures = append(figures, medianAtMost(fmt.Sprintf("V13 after %d good cases to %.2f, median further cases", good, to.rate), delays, to.bound))
		}
	}
	return figures
}

// V15: how often a build that is worse by exactly the margin is ever called not
// inferior, where failures are rare.
func falseNI(seed uint64, reps int) []figure {
	var figures []figure
	cs := asymptoticCS{DefaultPolicy().Comparison.NStar}
	const margin = 0.02
	for _, p := range []float64{1, 0.999, 0.996, 0.992} {
		wrong := repeat(seed, reps, func(r *rand.Rand) bool {
			var arms [2]armRate
			for n := 1; n <= 4000; n++ {
				for arm := range arms {
					arms[arm].n++
					arms[arm].k += float64(flagOf(r.Float64() < p-margin*float64(1-arm)))
				}
				if n >= 30 && n%5 == 0 && arms[0].rate()-arms[1].rate()-cs.margin(arms[0], arms[1], 0.05) > -margin {
					return true
				}
			}
			return false
		})
		figures = append(figures, atMost(fmt.Sprintf("V15 control %.3f, treatment %.3f", p, p-margin), shareOf(wrong, func(b bool) bool { return b }), reps, 0.05))
	}
	return figures
}

// D2: a drop inside the margin is no rollback.
func smallDrop(seed uint64, reps int) []figure {
	courses := repeat(seed, reps, func(r *rand.Rand) course {
		return oneSignal(r, AsymptoticCS, simulated{"evidence_coverage", treated(0.90, 0.85, 0)}).run(5, 5000, State{}, false)
	})
	return []figure{cases("D2 rolled back", float64(reps)*shareOf(courses, func(c course) bool { return c.rolledBack > 0 }), 0)}
}

// N1: how many cases prove that a rate is on one side of a threshold; the
// medians that the specification prints, within a tenth and a look.
func needed(seed uint64, reps int) []figure {
	var figures []figure
	for _, of := range []struct{ threshold, rate, median float64 }{
		{0.80, 0.95, 50},
		{0.80, 0.90, 140},
		{0.80, 0.85, 630},
		{0.90, 0.97, 150},
		{0.90, 0.95, 310},
		{0.95, 0.99, 230},
		{0.95, 0.98, 420},
		{0.95, 0.97, 1170},
		{0.80, 0.50, 30},
		{0.80, 0.70, 180},
		{0.80, 0.75, 750},
		{0.56, 0.40, 100},
		{0.56, 0.30, 40},
	} {
		proven := robbins.provenAbove
		if of.rate < of.threshold {
			proven = robbins.provenBelow
		}
		values := repeat(seed, reps, func(r *rand.Rand) int {
			k, n := 0.0, 0.0
			for n < 100_000 {
				k += float64(flagOf(r.Float64() < of.rate))
				if n++; math.Mod(n, 10) == 0 && proven(k, n, of.threshold, 0.05) {
					break
				}
			}
			return int(n)
		})
		// Near a jump of the distribution the median of a sample may be on either
		// side: three standard errors of its rank are the slack.
		slices.Sort(values)
		rank := int(1.5 * math.Sqrt(float64(reps)))
		median, lo, hi := values[reps/2], values[max(0, reps/2-rank)], values[min(reps-1, reps/2+rank)]
		figures = append(figures, figure{
			what: fmt.Sprintf("N1 %.2f against %.2f, median cases", of.rate, of.threshold), got: float64(median), digits: "%.0f",
			least: 0.9*of.median - 10 - float64(hi-median), most: 1.1*of.median + 10 + float64(median-lo),
		})
	}
	return figures
}
