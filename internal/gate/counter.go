package gate

// gammaMixture is Robbins' mixture for the rate of a Poisson process with a
// Gamma(a, b) prior: what betaMixture is to a share, for events that may come
// more than once a case. Exact at all looks where events are independent.
type gammaMixture struct{ a, b float64 }

// logE returns the log e-value against r events a case, after k in n cases. It
// is convex in r with its minimum at k/n.
func (m gammaMixture) logE(k, n, r float64) float64 {
	return m.evidence(k, n) - times(k, ln(r)) + float64(n*r)
}

// evidence is the part of logE that does not depend on r.
func (m gammaMixture) evidence(k, n float64) float64 {
	return float64(m.a*ln(m.b)) - lnGamma(m.a) + lnGamma(m.a+k) - float64((m.a+k)*ln(m.b+n))
}

// lower returns the lower end of the confidence sequence.
func (m gammaMixture) lower(k, n, alpha float64) float64 {
	if k <= 0 || n <= 0 {
		return 0
	}
	return bisect(0, k/n, func(r float64) bool { return m.rejects(k, n, r, alpha) })
}

// upper returns the upper end: the border lies between k/n and the first
// doubling that is rejected.
func (m gammaMixture) upper(k, n, alpha float64) float64 {
	if n <= 0 {
		return maxWealth
	}
	above := (k + 1) / n
	for range bisections {
		if m.rejects(k, n, above, alpha) {
			break
		}
		above *= 2
	}
	return bisect(above, k/n, func(r float64) bool { return m.rejects(k, n, r, alpha) })
}

// rejects says whether r is outside the confidence sequence.
func (m gammaMixture) rejects(k, n, r, alpha float64) bool { return m.logE(k, n, r) >= -ln(alpha) }

// provenAbove says whether the rate is above a threshold, at level alpha.
func (m gammaMixture) provenAbove(k, n, threshold, alpha float64) bool {
	r := threshold + epsilon
	return n > 0 && k/n > r && m.rejects(k, n, r, alpha)
}

// provenBelow says whether the rate is below a threshold, at level alpha.
func (m gammaMixture) provenBelow(k, n, threshold, alpha float64) bool {
	r := threshold - epsilon
	return n > 0 && r > 0 && k/n < r && m.rejects(k, n, r, alpha)
}

// mixture returns the prior of a counter: half an event, at its promote rate.
func (s *Signal) mixture() gammaMixture { return gammaMixture{0.5, 0.5 / s.Promote} }

// counter judges events a case, and says whether the treatment is proven not
// inferior to the control.
func (j *judge) counter(f *finding, m Measure) (nonInferior bool) {
	s, a, mix := j.signal, m.Treatment, j.signal.mixture()
	k, n := j.effective(a.k()), j.effective(a.n())
	if f.N > 0 {
		f.Estimate = rounded(float64(a.k()) / float64(f.N))
		up := mix.upper(k, n, j.promote)
		f.Lower, f.Upper = rounded(mix.lower(k, n, j.promote)), rounded(up)
		f.ok = k/n <= s.Promote && up < float64(s.Promote*(1+s.Tolerance))-epsilon
	}
	innocent := j.innocentEvents(a, 0)
	f.SevereLower = rounded(mix.lower(innocent.k, innocent.n, j.whole(a)))
	f.Restart, f.severe = j.segments(a, func(i int, alpha float64) bool {
		seg := j.innocentEvents(a, i)
		return mix.provenAbove(seg.k, seg.n, s.Rollback, alpha)
	})
	f.breach = mix.provenAbove(k, n, s.Promote, j.promote)
	return j.compareCounters(f, m)
}

// innocentEvents returns the treatment's counts for a test that may roll back:
// pending cases have no event.
func (j *judge) innocentEvents(a *Arm, i int) armRate {
	s := a.since(i)
	return armRate{j.effective(s.k), j.effective(s.n + s.pending)}
}

// compareCounters compares two rates by the treatment's share of all events,
// which is binomial whatever the rates are, as long as both arms grow alike.
func (j *judge) compareCounters(f *finding, m Measure) (nonInferior bool) {
	if !j.comparable || m.Control.n() == 0 || m.Treatment.n() == 0 {
		return false
	}
	worse := func(i int, margin, alpha float64) bool {
		t, c := j.innocentEvents(m.Treatment, i), j.control(m.Control, i)
		return c.n > 0 && t.n > 0 && robbins.provenAbove(t.k, t.k+c.k, eventShare(t, c, margin), alpha)
	}
	segment, severe := j.segments(m.Treatment, func(i int, alpha float64) bool {
		return worse(i, j.signal.Relative.RollbackMargin, alpha)
	})
	f.relSevere = severe
	if !f.severe {
		f.Restart = segment
	}
	f.relBreach = worse(0, 0, j.whole(m.Treatment))
	t, c := j.control(m.Treatment, 0), j.control(m.Control, 0)
	return robbins.provenBelow(t.k, t.k+c.k, eventShare(t, c, j.signal.Relative.NIMargin), j.promote)
}

// eventShare returns the treatment's share of all events where its rate is the
// control's times 1+margin.
func eventShare(t, c armRate, margin float64) float64 {
	weighted := float64(t.n * (1 + margin))
	return weighted / (weighted + c.n)
}
