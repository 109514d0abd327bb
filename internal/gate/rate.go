package gate

// rate judges a share of cases that pass, and says whether the treatment is
// proven not inferior to the control.
func (j *judge) rate(f *finding, m Measure) (nonInferior bool) {
	s := j.signal
	t := armRate{j.effective(m.Treatment.k()), j.effective(m.Treatment.n())}
	estimate := 0.0
	if f.N > 0 {
		estimate = float64(m.Treatment.k()) / float64(f.N)
	}
	low, up := robbins.interval(t.k, t.n, j.promote)
	innocent := j.innocent(m.Treatment, 0)
	rollbackUp := robbins.upper(innocent.k, innocent.n, j.whole(m.Treatment))
	f.Estimate, f.Lower, f.Upper, f.RollbackUpper = rounded(estimate), rounded(low), rounded(up), rounded(rollbackUp)

	var segment int
	segment, f.severe = j.segments(m.Treatment, func(i int, alpha float64) bool {
		seg := j.innocent(m.Treatment, i)
		return robbins.provenBelow(seg.k, seg.n, s.Rollback, alpha)
	})
	f.breach = up < s.Promote-epsilon
	f.ok = estimate >= s.Promote && low > s.Promote-s.Tolerance+epsilon
	nonInferior, relSegment := j.compareRates(f, m, t)
	f.Restart = segment
	if !f.severe {
		f.Restart = relSegment
	}
	return nonInferior
}

// compareRates makes the relative checks, where both arms have enough cases
// for an asymptotic interval.
func (j *judge) compareRates(f *finding, m Measure, t armRate) (nonInferior bool, segment int) {
	if j.betting {
		return j.compareBets(f, m), 0
	}
	if !j.comparable || !j.enough(m, 0) {
		return false, 0
	}
	c := j.control(m.Control, 0)
	diff := t.rate() - c.rate()
	low := diff - j.cs.margin(t, c, j.promote)
	up := j.diffUpper(m, 0, j.whole(m.Treatment))
	f.Diff, f.DiffLower, f.DiffUpper = rounded(diff), rounded(low), rounded(up)
	f.relBreach = up < -epsilon
	segment, f.relSevere = j.segments(m.Treatment, func(i int, alpha float64) bool {
		return j.enough(m, i) && j.diffUpper(m, i, alpha) < -j.signal.Relative.RollbackMargin-epsilon
	})
	return low > -j.signal.Relative.NIMargin+epsilon, segment
}

// enough says whether both arms have burnt in since restart point i.
func (j *judge) enough(m Measure, i int) bool {
	burnIn := float64(j.burnIn)
	return j.effective(m.Treatment.since(i).n) >= burnIn && j.effective(m.Control.since(i).n) >= burnIn
}

// diffUpper returns the upper bound of treatment less control since restart
// point i.
func (j *judge) diffUpper(m Measure, i int, alpha float64) float64 {
	t, c := j.innocent(m.Treatment, i), j.control(m.Control, i)
	return t.rate() - c.rate() + j.cs.margin(t, c, alpha)
}

// innocent returns the treatment's counts for a test that may roll back:
// cases that are pending count as passed. An agent whose failures come at
// once and whose passes come later would else always be rolled back.
func (j *judge) innocent(a *Arm, i int) armRate {
	s := a.since(i)
	return armRate{j.effective(s.k + s.pending), j.effective(s.n + s.pending)}
}

// control returns the control's counts since restart point i.
func (j *judge) control(a *Arm, i int) armRate {
	s := a.since(i)
	return armRate{j.effective(s.k), j.effective(s.n)}
}
