package gate

import (
	"math"
	"time"
)

// recent is the number of latest due units whose coverage counts by itself,
// so that an emitter that dies is seen at once.
const recent = 100

// Snapshot returns the evidence at a moment, which must not be before that of
// an earlier snapshot, for a release that has come as far as p. It may take
// restart points for later snapshots.
func (l *Ledger) Snapshot(at time.Time, p Progress) Snapshot {
	if l.options.PointsEvery == 0 {
		l.turn(at)
	}
	now, start := at.UnixMicro(), int64(beforeAll) // every unit belongs to the first milestone
	if p.Step > 0 {
		start = p.StepStart.UnixMicro()
	}
	for i := range l.arms {
		l.advance(&l.arms[i], now)
	}
	l.beginStep(start)
	t, c := l.sum(treatment, now), l.sum(control, now)
	s := Snapshot{
		Schema: SnapshotSchema, Epoch: l.options.Epoch,
		Flag: l.options.Flag, Env: l.options.Environment, Step: p.Step,
		Build:  BuildIDs{Candidate: l.options.Candidate, Control: l.control, Seen: l.seenBuild(t.exposures)},
		Window: Window{From: l.first, To: at},
		Exposures: Exposures{
			Treatment: t.exposures, Control: c.exposures, Expected: 0.5, Multi: l.multi, Overflow: Count(l.Overflow()),
			Step: &ArmCounts{Treatment: t.step, Control: c.step},
		},
		CriticalEvents: l.critical,
		Signals:        make(map[string]Measure, len(l.policy.Signals)),
		Identity:       l.epoch.identity(l.options.Split),
		Changed:        l.epoch.changed,
	}
	for i := range l.policy.Signals {
		switch signal := &l.policy.Signals[i]; {
		case signal.Kind == Level: // the caller's to add
		case signal.Source.Aggregated():
			s.Signals[signal.Name] = l.aggregated(i, &t, &c, now)
		default:
			s.Signals[signal.Name] = l.measure(i, &t.signals[i], &c.signals[i], now)
		}
	}
	if l.options.PointsEvery == 0 {
		l.evaluatePoints()
	}
	return s
}

// sum returns the tally of an arm at a moment.
func (l *Ledger) sum(arm int, now int64) tally {
	a := &l.arms[arm]
	t := a.frozen.clone()
	for _, u := range a.byTime[a.done:] {
		l.tallyUnit(&t, u, now, 1)
		l.sortValues(u, now)
	}
	return t
}

// seenBuild returns the build that the treatment's telemetry comes from.
func (l *Ledger) seenBuild(exposures Count) string {
	limit := l.policy.Integrity.MultiExposure
	f := l.foreignExposures
	if f >= limit.MinCount && float64(f) >= limit.MaxShare*float64(f+exposures) {
		return l.foreign
	}
	return l.options.Candidate
}

// measure returns the evidence of signal i.
func (l *Ledger) measure(i int, t, c *signalTally, now int64) Measure {
	segments := lastSegment(t, c)
	m := Measure{
		Treatment:  l.arm(treatment, i, t, segments),
		Control:    l.arm(control, i, c, segments),
		AgeSeconds: max(l.age(treatment, i, now), l.age(control, i, now)),
	}
	coverage := min(l.coverage(treatment, i, t, now), l.coverage(control, i, c, now))
	m.TelemetryCoverage = &coverage
	if t.due >= recent && c.due >= recent {
		m.CoverageGap = max(0, share(c.answered, c.due)-share(t.answered, t.due))
	}
	if l.books[i] != nil {
		l.books[i].write(l, i, now, &m)
	}
	return m
}

// arm returns what one arm has shown of signal i.
func (l *Ledger) arm(arm, i int, t *signalTally, segments int) *Arm {
	a := &Arm{N: new(t.n), Pending: t.pending, Restarts: t.restarts(segments)}
	s := &l.policy.Signals[i]
	switch s.Kind {
	case Score:
		a.Restarts = nil // its bets have their own
		return a
	case Bernoulli, Counter:
		a.K = new(t.k)
		return a
	}
	a.GtPromote, a.GtRollback = new(t.overPromote), new(t.k)
	effect := max(l.policy.Cluster.DesignEffect, 1)
	j := l.policy.judge(i, l.options.Epoch, true, false)
	lo, hi, ok := rankInterval(s.Q, int(math.Floor(float64(t.n)/effect)), j.rollback/2)
	lo, hi = int(math.Floor(float64(lo)*effect)), int(math.Ceil(float64(hi)*effect))
	if ok && hi <= int(t.n) {
		values := &l.arms[arm].values[i]
		a.QLo, a.QHi = new(values.at(lo)), new(values.at(hi))
	}
	return a
}

// lastSegment returns how many restart points have shown anything yet.
func lastSegment(arms ...*signalTally) int {
	last := 0
	for _, t := range arms {
		for i, seg := range t.segments {
			if seg != (counts{}) {
				last = max(last, i)
			}
		}
	}
	return last
}

// restarts returns the counts since each of the first so many points.
func (t *signalTally) restarts(points int) []Restart {
	if points == 0 {
		return nil
	}
	restarts := make([]Restart, points)
	var sum counts
	for i := points; i > 0; i-- {
		if i < len(t.segments) {
			sum.k += t.segments[i].k
			sum.n += t.segments[i].n
			sum.pending += t.segments[i].pending
		}
		restarts[i-1] = Restart{sum.k, sum.n}
		if sum.pending > 0 {
			restarts[i-1] = append(restarts[i-1], sum.pending)
		}
	}
	return restarts
}

// coverage returns the share of due units of an arm that have an outcome: of
// all or of the latest, whichever is less; 1 where none is due.
func (l *Ledger) coverage(arm, i int, t *signalTally, now int64) float64 {
	if t.due == 0 {
		return 1
	}
	all := share(t.answered, t.due)
	if t.due <= recent {
		return all
	}
	a := &l.arms[arm]
	answered, left := 0, recent
	for at := l.upTo(a, now-l.policy.lag(&l.policy.Signals[i])); at > 0 && left > 0; at-- {
		state := l.stateOf(a.byTime[at-1], i)
		if state != na {
			left--
		}
		if state >= passed {
			answered++
		}
	}
	return min(all, float64(answered)/recent)
}

// age returns for how long, in seconds, exposures of an arm have gone
// unanswered: since the earliest one after the last that was answered. So a
// quiet night is not stale, and an outage under traffic is.
func (l *Ledger) age(arm, i int, now int64) float64 {
	a := &l.arms[arm]
	answered := int64(beforeAll)
	for at := len(a.byTime); at > 0 && answered == beforeAll; at-- {
		if u := a.byTime[at-1]; l.stateOf(u, i) >= passed {
			answered = l.units[u].at
		}
	}
	for _, u := range a.byTime[l.upTo(a, answered):] {
		if l.stateOf(u, i) == open {
			return float64(max(now-l.units[u].at, 0)) / 1e6
		}
	}
	return 0
}

// stateOf returns the state of a unit for a signal; a multi unit is n/a.
func (l *Ledger) stateOf(u int32, i int) answerState {
	if l.units[u].multi {
		return na
	}
	state := open
	for _, s := range l.slotsOf(u, i) {
		state = max(state, s.state)
	}
	return state
}

// share returns part of whole.
func share(part, whole Count) float64 { return float64(part) / float64(whole) }
