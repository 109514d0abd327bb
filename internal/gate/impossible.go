package gate

// impossible returns what cannot be about a snapshot, judged by a policy, as
// a *FieldError: NaN, negative counts, more passes than cases, no n.
func (s *Snapshot) impossible(p *Policy) error {
	e := s.Exposures
	if err := firstFault([]check{
		{e.Treatment >= 0, "exposures.treatment", "negative"},
		{e.Control >= 0, "exposures.control", "negative"},
		{e.Multi >= 0, "exposures.multi", "negative"},
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
		if err := m.impossible("signals."+signal.Name, signal.Kind); err != nil {
			return err
		}
	}
	return nil
}

func (m *Measure) impossible(path, kind string) error {
	if err := firstFault([]check{
		{isShare(m.coverage()), path + ".telemetry_coverage", "want a share from 0 to 1"},
		{m.AgeSeconds >= 0 && isFinite(m.AgeSeconds), path + ".age_s", "want 0 or more"},
		{isShare(m.CoverageGap), path + ".coverage_gap", "want a share from 0 to 1"},
	}); err != nil {
		return err
	}
	if err := m.Treatment.impossible(path+".treatment", kind); err != nil {
		return err
	}
	return m.Control.impossible(path+".control", kind)
}

func (a *Arm) impossible(path, kind string) error {
	if a == nil {
		return nil
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
	within := func(field string, c *Count) {
		checks = append(checks,
			check{c != nil || n == 0, path + "." + field, "absent"},
			check{value(c) >= 0, path + "." + field, "negative"},
			check{value(c) <= n, path + "." + field, "more than n"},
		)
	}
	if kind == Quantile {
		within("gt_promote", a.GtPromote)
		within("gt_rollback", a.GtRollback)
	} else {
		within("k", a.K)
	}
	for _, r := range a.Restarts {
		checks = append(checks, check{
			(len(r) == 2 || len(r) == 3) && r[0] >= 0 && r[0] <= r[1] && r[len(r)-1] >= 0,
			path + ".restarts", "want [k, n] or [k, n, pending] with k at most n",
		})
	}
	return firstFault(checks)
}
