package gate

// score judges the mean of scores: its confidence sequence to go on, bets to
// roll back. It says whether the treatment is proven not inferior.
func (j *judge) score(f *finding, m Measure) (nonInferior bool) {
	s, a := j.signal, m.Treatment
	if f.N == 0 {
		return false
	}
	f.Estimate, f.Lower, f.Upper = rounded(*a.Mean), rounded(*a.MeanLo), rounded(*a.MeanHi)
	f.severe = m.Bets.Floor.proves(j.rollback)
	f.breach = *a.MeanHi < s.Promote-epsilon
	f.ok = *a.Mean >= s.Promote && *a.MeanLo > s.Promote-s.Tolerance+epsilon
	return j.compareBets(f, m)
}
