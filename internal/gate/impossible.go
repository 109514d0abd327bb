package gate

// impossible returns what cannot be about a snapshot, judged by a policy, as
// a *FieldError: NaN, negative counts, more passes than cases, no n.
func (s *Snapshot) impossible(p *Policy) error {
	e := s.Exposures
	if err := firstFault([]check{
		{e.Treatment >= 0, "exposures.treatment", "negative"},
		{e.Control >= 0, "exposures.control", "negative"},
		{e.Multi >= 0, "exposures.multi", "negative"},
		{e.Overflow >= 0, "exposures.overflow", "negative"},
		{e.Step == nil || e.Step.Treatment >= 0 && e.Step.Control >= 0, "exposures.step", "negative"},
		{e.Expected >= 0 && e.Expected < 1, "exposures.expected", "want a share above 0 and below 1"},
		{s.CriticalEvents >= 0, "critical_events", "negative"},
	}); err != nil {
		return err
	}
	for i := range p.Signals {
		signal := &p.Signals[i]
		m, ok := s.Signals[signal.Name]
		if !ok {
			continue
		}
		if err := m.impossible("signals."+signal.Name, p, signal); err != nil {
			return err
		}
	}
	return nil
}

func (m *Measure) impossible(path string, p *Policy, s *Signal) error {
	if err := firstFault([]check{
		{isShare(m.coverage()), path + ".telemetry_coverage", "want a share from 0 to 1"},
		{m.AgeSeconds >= 0 && isFinite(m.AgeSeconds), path + ".age_s", "want 0 or more"},
		{isShare(m.CoverageGap), path + ".coverage_gap", "want a share from 0 to 1"},
	}); err != nil {
		return err
	}
	if err := m.Treatment.impossible(path+".treatment", s.Kind); err != nil {
		return err
	}
	if err := m.Control.impossible(path+".control", s.Kind); err != nil {
		return err
	}
	if !p.betting(s) || m.Treatment.n() == 0 {
		return nil
	}
	return m.impossibleBets(path, s)
}

// impossibleBets checks what a signal that is bet on cannot be judged without.
func (m *Measure) impossibleBets(path string, s *Signal) error {
	if m.Bets == nil {
		return wrongField(path+".bets", "absent: this signal is compared by betting, whose state is part of the evidence")
	}
	for _, w := range []struct {
		name  string
		wager *Wager
	}{{"harm", &m.Bets.Harm}, {"worse", &m.Bets.Worse}, {"non_inferior", &m.Bets.NonInferior}, {"floor", m.Bets.Floor}} {
		if w.name == "floor" && s.Kind != Score {
			continue
		}
		if err := w.wager.impossible(path + ".bets." + w.name); err != nil {
			return err
		}
	}
	if s.Kind != Score {
		return nil
	}
	return firstFault([]check{
		{m.Treatment.MeanLo != nil && isShare(*m.Treatment.MeanLo), path + ".treatment.mean_lo", "want a mean from 0 to 1"},
		{m.Treatment.MeanHi != nil && isShare(*m.Treatment.MeanHi), path + ".treatment.mean_hi", "want a mean from 0 to 1"},
	})
}

func (a *Arm) impossible(path, kind string) error {
	switch {
	case a == nil:
		return nil
	case kind == Level:
		return firstFault([]check{{a.Value != nil && isFinite(*a.Value), path + ".value", "want a finite number"}})
	}
	n := a.n()
	checks := []check{
		{a.N != nil, path + ".n", "absent"},
		{n >= 0, path + ".n", "negative"},
		{a.Pending >= 0, path + ".pending", "negative"},
		{a.QLo == nil || isMargin(*a.QLo), path + ".q_lo", "want 0 or more"},
		{a.QHi == nil || isMargin(*a.QHi), path + ".q_hi", "want 0 or more"},
		{a.QLo == nil || a.QHi == nil || *a.QLo <= *a.QHi, path + ".q_lo", "greater than q_hi"},
	}
	within := func(field string, c *Count, most Count) {
		checks = append(checks,
			check{c != nil || n == 0, path + "." + field, "absent"},
			check{value(c) >= 0, path + "." + field, "negative"},
			check{value(c) <= most, path + "." + field, "more than n"},
		)
	}
	switch kind {
	case Quantile:
		within("gt_promote", a.GtPromote, n)
		within("gt_rollback", a.GtRollback, n)
		checks = append(checks, check{a.Sketch == nil || a.Sketch.Count() <= n, path + ".sketch", "more values than n"})
	case Score:
		checks = append(checks, check{n == 0 || a.Mean != nil && isShare(*a.Mean), path + ".mean", "want a mean from 0 to 1"})
	case Counter:
		within("k", a.K, maxCount)
	default:
		within("k", a.K, n)
	}
	for _, r := range a.Restarts {
		checks = append(checks, check{
			(len(r) == 2 || len(r) == 3) && r[0] >= 0 && (r[0] <= r[1] || kind == Counter) && r[1] >= 0 && r[len(r)-1] >= 0,
			path + ".restarts", "want [k, n] or [k, n, pending] with k at most n",
		})
	}
	return firstFault(checks)
}
