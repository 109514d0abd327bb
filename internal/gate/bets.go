package gate

// Bets are the wagers on one signal: the i-th settled case of the treatment is
// paired with the i-th of the control, both in order of exposure, and D is
// their difference. They depend on that order, so a snapshot holds them; they
// cannot be merged. (Waudby-Smith and Ramdas, arXiv:2010.09686.)
type Bets struct {
	Floor       *Wager `json:"floor,omitempty"` // scores: against "the treatment's mean is at least rollback"
	Harm        Wager  `json:"harm"`            // against "E D is at least -rollback_margin"
	Worse       Wager  `json:"worse"`           // against "E D is at least 0"
	NonInferior Wager  `json:"non_inferior"`    // against "E D is at most -ni_margin"
}

// newBets returns the wagers on a signal before its first pair.
func newBets(s *Signal) Bets {
	b := Bets{Harm: newWager(true), Worse: newWager(true), NonInferior: newWager(false)}
	if s.Kind == Score {
		b.Floor = new(newWager(true))
	}
	return b
}

// clone returns bets to go on with.
func (b Bets) clone() Bets {
	if b.Floor != nil {
		b.Floor = new(*b.Floor)
	}
	return b
}

// harmful bets that the treatment is worse, on one pair.
func (b *Bets) harmful(s *Signal, treatment, control float64) {
	b.Harm.bet(worseBy(s.Relative.RollbackMargin, treatment-control))
	b.Worse.bet(worseBy(0, treatment-control))
}

// harmless bets that the treatment is not worse by the margin, on one pair.
func (b *Bets) harmless(s *Signal, treatment, control float64) {
	m := s.Relative.NIMargin
	b.NonInferior.bet((m + treatment - control) / (1 - m))
}

// worseBy is the outcome of a bet against "E D is at least -m".
func worseBy(m, d float64) float64 { return (-m - d) / (1 + m) }

// below bets that the treatment's mean is below the floor, on one case. The
// stake is bounded on both sides: divided by the floor alone, it would give
// e-values below zero for floors under one half.
func (b *Bets) below(s *Signal, treatment float64) {
	if b.Floor != nil {
		b.Floor.bet((s.Rollback - treatment) / max(s.Rollback, 1-s.Rollback))
	}
}

// betting says whether a signal's comparison is by bets, which take cases one
// after another.
func (p *Policy) betting(s *Signal) bool {
	return s.Kind == Score || s.Kind == Bernoulli && p.Comparison.Estimator == Betting && !s.Source.Aggregated()
}

// compareBets makes the relative checks of a signal that is bet on.
func (j *judge) compareBets(f *finding, m Measure) (nonInferior bool) {
	if !j.comparable || m.Bets == nil || m.Control == nil {
		return false
	}
	b := m.Bets
	f.Diff = difference(m)
	f.HarmLogE, f.NILogE = rounded(b.Harm.logE()), rounded(b.NonInferior.logE())
	f.relSevere = b.Harm.proves(j.rollback)
	f.relBreach = b.Worse.proves(j.rollback)
	return b.NonInferior.proves(j.promote)
}

// difference returns treatment less control of a rate or a mean; nil while
// either has no case.
func difference(m Measure) *float64 {
	if m.Treatment.n() == 0 || m.Control.n() == 0 {
		return nil
	}
	return rounded(m.Treatment.mean() - m.Control.mean())
}

// mean returns the mean of the cases: of a rate, the share that pass.
func (a *Arm) mean() float64 {
	if a.Mean != nil {
		return *a.Mean
	}
	return share(a.k(), a.n())
}
