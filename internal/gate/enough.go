package gate

import "math"

// maxEnough is the number of cases beyond which nothing is asked any more.
const maxEnough = 1 << 24

// MinCases returns the fewest cases in each arm, since the release began, with
// which milestone i can be left: those of a build that never fails. A build
// that does needs more. It is 0 where the milestone asks for none, and math.MaxInt64 where no number is enough.
func (p *Plan) MinCases(i int) Count {
	if i >= 0 && i < len(p.Milestones) && proofless(p.Milestones[i].Pass) {
		return 0
	}
	policy := p.PolicyAt(i)
	cases := max(policy.Evidence.MinExposuresPerArm, policy.Evidence.MinStepExposures)
	pass := ""
	if i >= 0 && i < len(p.Milestones) {
		pass = p.Milestones[i].Pass
	}
	final := i+1 >= len(p.Milestones)-1
	for k := range policy.Signals {
		s := &policy.Signals[k]
		if !s.Required || s.Kind == Level || s.OnFail == OnFailWarn {
			continue
		}
		cases = max(cases, s.MinN)
		if pass != NoHarm || s.Relative.RequireNI == Always {
			cases = max(cases, policy.provenBy(k, final))
		}
	}
	return cases
}

// provenBy returns the fewest perfect cases in each arm that prove a signal.
func (p *Policy) provenBy(signal int, final bool) Count {
	j := p.judge(signal, 1, true, final)
	m := perfect(&p.Signals[signal])
	if !j.wouldPass(m, maxEnough) {
		return math.MaxInt64
	}
	low, high := 0, maxEnough
	for high-low > 1 {
		if mid := (low + high) / 2; j.wouldPass(m, float64(mid)) {
			high = mid
		} else {
			low = mid
		}
	}
	return Count(high)
}

// perfect is one case in each arm that could not be better.
func perfect(s *Signal) Measure {
	arm := func() *Arm {
		a := &Arm{N: new(Count(1)), K: new(Count(1))}
		switch s.Kind {
		case Quantile:
			a.GtPromote, a.GtRollback = new(Count(0)), new(Count(0))
		case Counter:
			a.K = new(Count(0))
		case Score:
			a.Mean = new(1.0)
		}
		return a
	}
	return Measure{Treatment: arm(), Control: arm()}
}
