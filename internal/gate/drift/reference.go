package drift

import "github.com/lockflight/lockflight/internal/gate"

// ReferenceSchema is the schema that Freeze writes.
const ReferenceSchema = "lockflight.reference/v1"

// Reference is what both arms had shown when a release completed, frozen: what
// its evidence is compared with from then on.
type Reference struct {
	Schema      string   `json:"schema"`
	CasesPerDay float64  `json:"cases_per_day"` // of all units
	Signals     []Signal `json:"signals"`       // in the order of the policy; those without a reference are not watched
}

// Signal is the reference of one signal.
type Signal struct {
	Name      string   `json:"name"`
	Acts      bool     `json:"acts"`              // an alarm opens an incident; else it is a warning
	Over      *float64 `json:"over,omitempty"`    // of a quantile: a case is bad whose value is greater
	Treatment Normal   `json:"treatment"`         // the build that serves everyone
	Control   *Normal  `json:"control,omitempty"` // the build before, on the holdback; nil where there is none
}

// Normal is what is normal for an arm.
type Normal struct {
	N         gate.Count `json:"n"`         // cases behind it
	P0        float64    `json:"p0"`        // the mean of cases, 0 to 1, is at least this; above 0
	Threshold float64    `json:"threshold"` // of its detector: the mean number of cases to a false alarm
}

// leastRun is the least threshold of a detector: below it, a few days of
// little traffic would be one false alarm after another.
const leastRun = 1000

// Freeze returns the reference that the last snapshot of a release gives, at so
// many cases a day: the lower confidence bound, at alpha.promote, of each rate
// and score, and of a quantile the share of values within the upper end of its
// rank interval or, where that is not finite, within the promote threshold.
// Counters and levels, whose cases have no range, are not watched.
func Freeze(p *gate.Policy, s gate.Snapshot, casesPerDay float64) Reference {
	ref := Reference{Schema: ReferenceSchema, CasesPerDay: casesPerDay}
	held := float64(p.Drift.Holdback) / 100
	for i := range p.Signals {
		of, m := &p.Signals[i], s.Signals[p.Signals[i].Name]
		one := Signal{Name: of.Name, Acts: p.ActsOnDrift(of.Name), Over: over(of, m.Treatment)}
		var ok bool
		if one.Treatment, ok = normal(p, of, m.Treatment, one.Over); !ok {
			continue
		}
		if c, ok := normal(p, of, m.Control, one.Over); ok && held > 0 {
			one.Control = &c
		}
		ref.Signals = append(ref.Signals, one)
	}
	for i := range ref.Signals {
		run := Threshold(casesPerDay, p.Drift.RunDays(), len(ref.Signals))
		ref.Signals[i].Treatment.Threshold = max(leastRun, run*(1-held))
		if c := ref.Signals[i].Control; c != nil {
			c.Threshold = max(leastRun, run*held)
		}
	}
	return ref
}

// over returns the value that few of a quantile's cases exceed.
func over(of *gate.Signal, a *gate.Arm) *float64 {
	switch {
	case of.Kind != gate.Quantile || a == nil:
		return nil
	case a.QHi != nil:
		return a.QHi
	}
	return &of.Promote
}

// normal returns what is normal for an arm, and whether there is anything.
func normal(p *gate.Policy, of *gate.Signal, a *gate.Arm, over *float64) (Normal, bool) {
	if a == nil || a.N == nil || *a.N <= 0 {
		return Normal{}, false
	}
	n := Normal{N: *a.N}
	switch of.Kind {
	case gate.Bernoulli:
		if a.K == nil {
			return n, false
		}
		n.P0, _ = gate.RateInterval(*a.K, n.N, p.Alpha.Promote)
	case gate.Score:
		if a.MeanLo == nil {
			return n, false
		}
		n.P0 = *a.MeanLo
	case gate.Quantile:
		switch {
		case a.QHi != nil && *a.QHi <= *over:
			n.P0 = of.Q
		case a.GtPromote != nil && *over >= of.Promote:
			n.P0, _ = gate.RateInterval(n.N-*a.GtPromote, n.N, p.Alpha.Promote)
		}
	default:
		return n, false
	}
	return n, n.P0 > 0
}
