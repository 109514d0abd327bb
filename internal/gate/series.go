package gate

import (
	"errors"
	"fmt"
	"maps"
	"math"
)

// maxSeries is how many series of one arm and signal are followed. Beyond it the
// signal is missing: what is left out would not be left out alike.
const maxSeries = 2000

// series are the aggregates of one arm and signal. Lines add up, whatever the
// order in which emitters send theirs; a line that is sent again adds nothing.
type series struct {
	deltas  map[string]int64 // until when each series that says what is new has been counted
	runs    map[run]tallied  // what each that counts on has said
	n, k    Count            // of deltas
	values  histogram        // of deltas
	latest  int64            // Unix microseconds: the end of what has been said
	tooMany bool
}

// run is one series from one start on: an emitter that starts again is another.
type run struct {
	unit string
	from int64
}

// tallied is what a run said first, where it began before the release, and last.
type tallied struct {
	first, last Aggregate
	at          int64
}

// newSeries returns those of both arms by signal; nil where the signal has units.
func newSeries(p *Policy) [][2]*series {
	all := make([][2]*series, len(p.Signals))
	for i := range p.Signals {
		if p.Signals[i].Source.Aggregated() {
			for arm := range all[i] {
				all[i][arm] = &series{deltas: map[string]int64{}, runs: map[run]tallied{}, values: histogram{}, latest: beforeAll}
			}
		}
	}
	return all
}

// foldAggregate takes a line of many cases.
func (l *Ledger) foldAggregate(o *Observation, signal int) Cause {
	if c := l.candidate(o.Flag); o.Arm == Control && c != "" && o.Build == c {
		return Misassigned
	}
	s := l.series[signal][armOf(o.Arm)]
	fresh, cause := s.add(o)
	if o.Arm == Treatment {
		l.outcomes += int64(fresh)
	}
	return cause
}

// anew returns the same series with nothing counted yet: what is said from now on
// counts.
func (s *series) anew() *series {
	next := &series{deltas: s.deltas, runs: s.runs, values: histogram{}, latest: s.latest, tooMany: s.tooMany}
	for r, c := range next.runs {
		c.first = c.last
		next.runs[r] = c
	}
	return next
}

// add takes a line, and returns how many cases are new.
func (s *series) add(o *Observation) (fresh Count, cause Cause) {
	a, at := o.Aggregate, o.At.UnixMicro()
	if len(s.deltas)+len(s.runs) >= maxSeries && !s.knows(o) {
		s.tooMany = true
		return 0, ""
	}
	if a.Cumulative {
		fresh, cause = s.count(run{o.Unit, a.From.UnixMicro()}, *a, at)
	} else {
		fresh, cause = s.delta(o.Unit, *a, at)
	}
	if cause == "" {
		s.latest = max(s.latest, at)
	}
	return fresh, cause
}

func (s *series) knows(o *Observation) bool {
	_, delta := s.deltas[o.Unit]
	_, counts := s.runs[run{o.Unit, o.Aggregate.From.UnixMicro()}]
	return delta && !o.Aggregate.Cumulative || counts && o.Aggregate.Cumulative
}

// delta adds what is new since the line before of the same series. One that
// begins before that ends is a repeat, or of an emitter that shares its name.
func (s *series) delta(unit string, a Aggregate, at int64) (Count, Cause) {
	if until, known := s.deltas[unit]; known && a.From.UnixMicro() < until {
		return 0, Duplicate
	}
	s.deltas[unit] = at
	s.n, s.k = s.n+a.N, s.k+a.K
	s.values.add(a.Buckets, 1)
	return a.N, ""
}

// count takes what a run has counted so far. It never falls: an emitter that
// starts again says so by another start.
func (s *series) count(r run, a Aggregate, at int64) (Count, Cause) {
	c, known := s.runs[r]
	switch {
	case known && at <= c.at:
		return 0, Duplicate
	case known && (a.N < c.last.N || a.K < c.last.K):
		return 0, BadValue
	case !known && a.Before:
		c.first = a
	}
	before := c.last.N
	if !known && a.Before {
		before = a.N
	}
	c.last, c.at = a, at
	s.runs[r] = c
	return a.N - before, ""
}

// total returns all cases, those that pass, and where the values are.
func (s *series) total() (n, k Count, values histogram, err error) {
	n, k, values = s.n, s.k, maps.Clone(s.values)
	for _, c := range s.runs {
		n, k = n+c.last.N-c.first.N, k+c.last.K-c.first.K
		one := histogram{}
		one.add(c.last.Buckets, 1)
		if !one.within(c.first.Buckets, -1) {
			return 0, 0, nil, errors.New("the buckets of a histogram have changed since the release began")
		}
		for at, count := range one {
			values[at] += count
		}
	}
	if s.tooMany {
		err = fmt.Errorf("more than %d series: aggregate by less than there are", maxSeries)
	}
	return n, k, values, err
}

// aggregated returns the evidence of a signal that has no units. Its coverage
// is at most what it could be: cases over the units that are due one.
func (l *Ledger) aggregated(i int, t, c *tally, now int64) Measure {
	m := Measure{}
	coverage := 1.0
	for arm, of := range [2]*tally{t, c} {
		a, n, err := l.aggregatedArm(i, arm, of)
		if err != nil {
			return Measure{Error: err.Error()}
		}
		if due := of.signals[i].due; due > 0 && l.policy.Signals[i].Kind != Counter {
			coverage = min(coverage, share(min(n, due), due))
		}
		m.AgeSeconds = max(m.AgeSeconds, l.silence(arm, l.series[i][arm].latest, now))
		if arm == treatment {
			m.Treatment = a
		} else {
			m.Control = a
		}
	}
	m.TelemetryCoverage = &coverage
	return m
}

// silence is for how long, in seconds, units are exposed of which no series can
// have told.
func (l *Ledger) silence(arm int, latest, now int64) float64 {
	a := &l.arms[arm]
	if next := l.upTo(a, latest); next < len(a.byTime) {
		return float64(max(now-l.units[a.byTime[next]].at, 0)) / 1e6
	}
	return 0
}

// aggregatedArm returns what one arm has shown, and of how many cases.
func (l *Ledger) aggregatedArm(i, arm int, of *tally) (*Arm, Count, error) {
	s := &l.policy.Signals[i]
	n, k, values, err := l.series[i][arm].total()
	if err != nil {
		return nil, 0, err
	}
	switch s.Kind {
	case Counter: // events, of the units that were exposed
		return &Arm{N: new(of.exposures), K: new(n)}, n, nil
	case Bernoulli:
		return &Arm{N: new(n), K: new(k)}, n, nil
	}
	overPromote, near, err := values.above(s.Promote)
	if err != nil {
		return nil, 0, fmt.Errorf("promote: %w", err)
	}
	overRollback, _, err := values.above(s.Rollback)
	if err != nil {
		return nil, 0, fmt.Errorf("rollback: %w", err)
	}
	// What is not known promotes nothing, and rolls nothing back.
	a := &Arm{N: new(n), GtPromote: new(overPromote + near), GtRollback: new(overRollback)}
	effect := max(l.policy.Cluster.DesignEffect, 1)
	lo, hi, ok := rankInterval(s.Q, int(math.Floor(float64(n)/effect)), l.policy.judge(i, l.options.Epoch, true, false).rollback/2)
	lo, hi = int(math.Floor(float64(lo)*effect)), int(math.Ceil(float64(hi)*effect))
	if ok && Count(hi) <= n {
		if least, most := values.at(Count(lo), Count(hi)); !math.IsInf(most, 1) {
			a.QLo, a.QHi = &least, &most
		}
	}
	return a, n, nil
}
