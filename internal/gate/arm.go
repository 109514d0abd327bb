package gate

// counts are the counts of one arm over the whole epoch or since a restart
// point: k passes (a quantile: values over the rollback threshold) in n.
type counts struct{ k, n, pending Count }

// since returns the counts since restart point i, counted from 1; 0 is the
// whole epoch. An arm or a point that is absent has none.
func (a *Arm) since(i int) counts {
	switch {
	case a == nil || i > len(a.Restarts):
		return counts{}
	case i == 0 && a.GtRollback != nil: // a quantile
		return counts{value(a.GtRollback), a.n(), a.Pending}
	case i == 0:
		return counts{a.k(), a.n(), a.Pending}
	}
	r := a.Restarts[i-1]
	c := counts{k: r[0], n: r[1]}
	if len(r) > 2 {
		c.pending = r[2]
	}
	return c
}

// n returns the number of cases.
func (a *Arm) n() Count {
	if a == nil {
		return 0
	}
	return value(a.N)
}

// k returns the number of passes.
func (a *Arm) k() Count {
	if a == nil {
		return 0
	}
	return value(a.K)
}

// coverage returns the telemetry coverage; 1 where it is absent.
func (m *Measure) coverage() float64 {
	if m.TelemetryCoverage == nil {
		return 1
	}
	return *m.TelemetryCoverage
}

// value returns the count, 0 where it is absent.
func value(c *Count) Count {
	if c == nil {
		return 0
	}
	return *c
}
