package gate

import (
	"fmt"
	"math"
	"time"
)

// maxForecast is the number of cases beyond which "so many more" is no help.
const maxForecast = 1_000_000

// needs says for people what a HOLD waits for.
func (c *decider) needs() []string {
	var needs []string
	e, ev := c.snapshot.Exposures, c.policy.Evidence
	if proofless(c.state.Pass) {
		ev.MinExposuresPerArm, ev.MinStepExposures = 0, 0
	}
	if short := ev.MinExposuresPerArm - min(e.Treatment, e.Control); short > 0 {
		needs = append(needs, fmt.Sprintf("exposures: %d more in the smaller arm", short))
	}
	if e.Step != nil {
		if short := ev.MinStepExposures - min(e.Step.Treatment, e.Step.Control); short > 0 {
			needs = append(needs, fmt.Sprintf("exposures of this milestone: %d more in the smaller arm", short))
		}
	}
	if e.Overflow > 0 {
		needs = append(needs, fmt.Sprintf("room: %d lines were not counted, since the server remembers as many units as it may (serve --evidence-units)", e.Overflow))
	}
	for i := range c.findings {
		if need := c.need(i); need != "" {
			needs = append(needs, c.findings[i].Name+": "+need)
		}
	}
	if left := c.left(ev.MinDuration, c.state.ElapsedSeconds); left > 0 {
		needs = append(needs, "time: "+left.String()+" more at this milestone")
	}
	if c.state.Operator == OperatorFreeze {
		needs = append(needs, "the end of a freeze, or a change window")
	}
	if n := c.state.AwaitsApprovals; n > 0 {
		needs = append(needs, fmt.Sprintf("approvals: %d more before the next milestone", n))
	}
	return needs
}

// need says what one signal waits for.
func (c *decider) need(i int) string {
	f := &c.findings[i]
	switch f.Status {
	case Missing:
		return "evidence (" + f.Why + ")"
	case Few:
		if proofless(c.state.Pass) {
			return ""
		}
		return fmt.Sprintf("n=%d, %d more cases", f.N, f.signal.MinN-f.N)
	case Breach:
		return "proven worse than its promote threshold"
	case RelBreach:
		return "proven worse than control"
	case Undetermined:
		if c.holdsUndetermined(f) {
			return c.forecast(i)
		}
	case Severe, RelSevere, Pass:
	}
	return ""
}

// forecast says how many more cases would settle a signal, if both arms went
// on as they are.
func (c *decider) forecast(i int) string {
	f, m := &c.findings[i], c.snapshot.Signals[c.findings[i].Name]
	j := c.policy.judge(i, c.snapshot.Epoch, true, c.state.Final)
	low, high := 1.0, 2.0
	for ; !j.wouldPass(m, high); high *= 2 {
		if high*float64(f.N) > maxForecast {
			return fmt.Sprintf("n=%d, not provable at the current estimate", f.N)
		}
		low = high
	}
	for range 20 {
		if mid := (low + high) / 2; j.wouldPass(m, mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return fmt.Sprintf("n=%d, about %d more cases at the current estimate", f.N, int(math.Ceil((high-1)*float64(f.N))))
}

// wouldPass says whether a signal would pass with so many times the cases.
func (j *judge) wouldPass(m Measure, times float64) bool {
	s := j.signal
	t, c := j.scaled(m.Treatment, times), j.scaled(m.Control, times)
	switch s.Kind {
	case Quantile:
		over := float64(value(m.Treatment.GtPromote)) * times / j.effect
		return over <= float64(t.n*(1-s.Q))+epsilon && robbins.provenBelow(over, t.n, 1-s.Q+s.Tolerance, j.promote)
	case Counter:
		return t.rate() <= s.Promote && s.mixture().provenBelow(t.k, t.n, s.Promote*(1+s.Tolerance), j.promote)
	case Score: // as wide as a rate of the same mean would be: about so many more is all that is said
		t.k, c.k = m.Treatment.mean()*t.n, m.Control.mean()*c.n
	}
	if t.rate() < s.Promote || !robbins.provenAbove(t.k, t.n, s.Promote-s.Tolerance, j.promote) {
		return false
	}
	switch {
	case !j.demandsNI():
		return true
	case m.Bets != nil:
		return m.Bets.NonInferior.wouldProve(times, j.promote)
	}
	return c.n > 0 && t.rate()-c.rate()-j.cs.margin(t, c, j.promote) > -s.Relative.NIMargin
}

// scaled returns an arm's counts with so many times the cases.
func (j *judge) scaled(a *Arm, times float64) armRate {
	return armRate{float64(a.k()) * times / j.effect, float64(a.n()) * times / j.effect}
}

// next returns when to decide again without new evidence: at the next moment
// at which time alone may change the verdict, and at least once per
// evaluate_every, since silence is also evidence.
func (c *decider) next() Duration {
	next := c.policy.Hysteresis.EvaluateEvery
	for _, left := range []Duration{
		c.left(c.policy.Evidence.MinDuration, c.state.ElapsedSeconds),
		c.left(c.policy.HoldRule.Timeout, c.state.HoldElapsedSeconds),
		c.left(c.policy.Integrity.Timeout, c.state.IntegrityForSeconds),
		c.left(c.policy.Evidence.MissingTimeout, c.state.MissingForSeconds),
	} {
		if left > 0 {
			next = min(next, left)
		}
	}
	return next
}

// left returns what is left of a duration after so many seconds, to the
// second above.
func (c *decider) left(of Duration, seconds float64) Duration {
	return Duration(time.Duration(math.Ceil(of.Seconds()-seconds)) * time.Second)
}
