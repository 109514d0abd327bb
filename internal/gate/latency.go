package gate

import "math"

// quantile judges a quantile by the share of values over a threshold: "P95 is
// at most 15 s" is "at most 5 % take more than 15 s", which needs two
// counters and no sketch. It says whether the treatment is proven not
// inferior to the control.
func (j *judge) quantile(f *finding, m Measure) (nonInferior bool) {
	s, a := j.signal, m.Treatment
	limit := 1 - s.Q
	n := j.effective(a.n())
	overPromote, overRollback := j.effective(value(a.GtPromote)), j.effective(value(a.GtRollback))
	share := 0.0
	if f.N > 0 {
		share = float64(value(a.GtPromote)) / float64(f.N)
	}
	low, up := robbins.interval(overPromote, n, j.promote)
	severeLow := robbins.lower(overRollback, n, j.whole(a))
	f.Estimate, f.Lower, f.Upper, f.SevereLower = rounded(share), rounded(low), rounded(up), rounded(severeLow)

	f.Restart, f.severe = j.segments(a, func(i int, alpha float64) bool {
		seg := a.since(i)
		return robbins.provenAbove(j.effective(seg.k), j.effective(seg.n), limit, alpha)
	})
	f.breach = low > limit+epsilon
	f.ok = share <= limit+epsilon && up < limit+s.Tolerance-epsilon
	return j.compareQuantiles(f, m)
}

// compareQuantiles makes the relative checks by rank intervals, which are
// exact and need no burn-in. An interval without a finite end proves nothing.
func (j *judge) compareQuantiles(f *finding, m Measure) (nonInferior bool) {
	if !j.comparable || m.Control == nil {
		return false
	}
	tLo, tHi := j.ends(m.Treatment)
	cLo, cHi := j.ends(m.Control)
	if tLo != nil && cHi != nil {
		margin := 1 + j.signal.Relative.RollbackMargin
		f.relSevere = *tLo > float64(*cHi*margin)+epsilon
		f.relBreach = *tLo > *cHi+epsilon
	}
	if tHi == nil || cLo == nil {
		return false
	}
	return *tHi < float64(*cLo*(1+j.signal.Relative.NIMargin))-epsilon
}

// ends returns the rank interval of an arm: as given, or from its sketch.
func (j *judge) ends(a *Arm) (lo, hi *float64) {
	if a.QLo != nil || a.QHi != nil || a.Sketch == nil {
		return a.QLo, a.QHi
	}
	from, to, ok := rankInterval(j.signal.Q, int(j.effective(a.Sketch.Count())), j.rollback/2)
	from, to = int(math.Floor(float64(from)*j.effect)), int(math.Ceil(float64(to)*j.effect))
	if !ok || Count(to) > a.Sketch.Count() {
		return nil, nil
	}
	least, _ := a.Sketch.At(Count(from))
	_, most := a.Sketch.At(Count(to))
	return &least, &most
}
