package gate

import "math"

// judge compares the evidence of one signal with what the policy asks of it.
// Alphas are those of one signal; see Policy.judge.
type judge struct {
	signal     *Signal
	rollback   float64 // alpha of one rollback test: absolute or relative
	promote    float64 // alpha of the tests to go on
	effect     float64 // design effect: counts are divided by it
	burnIn     Count
	cs         asymptoticCS
	betting    bool // rates are compared by bets
	comparable bool // the control arm may be used: no integrity check failed
	final      bool
}

// finding is what is known of one signal: its status and, since a signal may
// be bad in two ways at once, the facts behind it.
type finding struct {
	SignalStatus
	signal                                        *Signal
	severe, relSevere, few, breach, relBreach, ok bool
}

// judge returns the judge of signal i. Rolling back is a union of tests over
// the signals, so its alpha is split by weight, and each half goes to one
// test; promoting is an intersection, so nothing is split.
func (p *Policy) judge(i, epoch int, comparable, final bool) judge {
	alpha := p.Alpha.Rollback
	if p.Alpha.Schedule == halving {
		alpha = math.Ldexp(alpha, -max(epoch, 1))
	}
	return judge{
		signal:     &p.Signals[i],
		rollback:   alpha * p.Signals[i].Weight / 2,
		promote:    p.Alpha.Promote,
		effect:     max(p.Cluster.DesignEffect, 1),
		burnIn:     p.Comparison.BurnInPerArm,
		cs:         asymptoticCS{p.Comparison.NStar},
		betting:    p.betting(&p.Signals[i]),
		comparable: comparable,
		final:      final,
	}
}

// missing returns why a measure is no evidence, or "".
func (e *Evidence) missing(m Measure, present bool) string {
	switch {
	case present && m.Error != "":
		return "source_error"
	case !present || m.Treatment == nil:
		return "no_data"
	case m.AgeSeconds > e.MaxAge.Seconds():
		return "stale"
	case m.coverage() < e.MinTelemetryCoverage:
		return "low_coverage"
	case m.CoverageGap > e.MaxCoverageGap:
		return "uneven_coverage"
	}
	return ""
}

// find judges a measure that is not missing.
func (j *judge) find(m Measure) finding {
	f := finding{signal: j.signal}
	f.Name = j.signal.Name
	f.N, f.NControl, f.Pending = m.Treatment.n(), m.Control.n(), m.Treatment.Pending
	f.Coverage = m.TelemetryCoverage
	f.few = f.N < j.signal.MinN
	nonInferior := j.measure(&f, m)
	if f.ok && j.demandsNI() && j.comparable && !nonInferior {
		f.ok = false
		f.Why = "not_noninferior"
	}
	// Proof of small harm needs min_n cases, as a PASS does.
	f.breach, f.relBreach = f.breach && !f.few, f.relBreach && !f.few
	f.Status = f.status()
	if f.Status != Undetermined {
		f.Why = ""
	}
	return f
}

// measure judges a measure by its kind, and says whether the treatment is
// proven not inferior to the control.
func (j *judge) measure(f *finding, m Measure) (nonInferior bool) {
	switch j.signal.Kind {
	case Quantile:
		return j.quantile(f, m)
	case Score:
		return j.score(f, m)
	case Counter:
		return j.counter(f, m)
	case Level:
		return j.level(f, m)
	}
	return j.rate(f, m)
}

// status returns the first status that applies.
func (f *finding) status() Status {
	switch {
	case f.severe:
		return Severe
	case f.relSevere:
		return RelSevere
	case f.few:
		return Few
	case f.breach:
		return Breach
	case f.relBreach:
		return RelBreach
	case !f.ok:
		return Undetermined
	}
	return Pass
}

// isGoal says whether the signal is reported and decides nothing.
func (f *finding) isGoal() bool { return f.signal.OnFail == OnFailWarn }

// holds says whether the signal, proven bad, holds in place of rolling back.
func (f *finding) holds() bool { return f.signal.OnFail == OnFailHold }

// rule returns the rule that what is proven of a signal comes under, or "".
func (f *finding) rule() string {
	switch {
	case f.severe:
		return SevereFloor
	case f.relSevere:
		return Regression
	case f.breach:
		return BelowPromote
	case f.relBreach:
		return RegressionSmall
	}
	return ""
}

// demandsNI says whether non-inferiority must be proven now.
func (j *judge) demandsNI() bool {
	return j.signal.Relative.RequireNI == Always || j.final && j.signal.Relative.RequireNI == FinalStep
}

// effective returns a count divided by the design effect.
func (j *judge) effective(c Count) float64 { return math.Floor(float64(c) / j.effect) }

// whole returns the alpha of a rollback test on the whole epoch: all of it, or
// half where restart points share it.
func (j *judge) whole(a *Arm) float64 {
	if len(a.Restarts) == 0 {
		return j.rollback
	}
	return j.rollback / 2
}

// segments calls test for the whole epoch and for each restart point, counted
// from 1, until it says yes, and returns that point (the whole is 0). The
// j-th point has half the alpha times 1/(j(j+1)), which sum to 1; a point
// keeps its number for ever, so that none is spent twice.
func (j *judge) segments(a *Arm, test func(point int, alpha float64) bool) (point int, proven bool) {
	if test(0, j.whole(a)) {
		return 0, true
	}
	for i := 1; i <= len(a.Restarts); i++ {
		if test(i, j.rollback/2/(float64(i)*float64(i+1))) {
			return i, true
		}
	}
	return 0, false
}

// rounded returns a bound as it is recorded: to 1e-6.
func rounded(x float64) *float64 {
	r := math.Round(x*1e6) / 1e6
	if r == 0 {
		r = 0 // not -0
	}
	return &r
}
