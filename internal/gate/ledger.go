package gate

import (
	"maps"
	"math"
	"time"
)

// LedgerOptions say which evidence a ledger takes.
type LedgerOptions struct {
	Candidate   string // the release's build; "" takes any, where no treatment exposure is known
	Flag        string // "" is that of the first well-formed line
	Environment string // "" is that of the first well-formed line

	// Builds are the release's builds of further flags, whose lines count too: a
	// unit is in the same arm of all flags of a release.
	Builds map[string]string

	Epoch int    // of the first line, from 1; 0 is 1
	Split string // what decides the arms, where that is known: a part of the identity

	// Marks are the restart points of an earlier ledger over the same lines,
	// as Ledger.Marks returned them.
	Marks map[string][]int64

	// PointsEvery makes restart points follow from the lines alone: they are
	// taken before the first line that is received in another interval of this
	// length than the line before it, and not at snapshots. 0 takes them at
	// snapshots.
	PointsEvery time.Duration

	// Room bounds what is remembered; nil is without a bound.
	Room *Room
}

// Ledger folds the observations of one release into snapshots of its latest
// epoch: another model, prompt, tool, index or judge begins a new one.
// Lines come in the order in which they were received. A snapshot depends on
// the lines, its own time, the milestone's start and the restart points
// alone: a ledger made again from the same lines and Marks gives the same
// ones. It is not safe for concurrent use.
//
// Each signal of a unit has one outcome, the worst within outcome_window of
// the unit's exposure; with cluster.max_cases_per_unit above 1, one for each
// of its first cases.
type Ledger struct {
	policy  Policy
	options LedgerOptions
	signals map[string]int // a signal's place in the policy
	reader  Reader

	units    []unit
	slots    []slot // of unit i: width of them from i*width
	width    int    // signals times cases of a unit
	values   []float64
	valued   int   // so many of the values are a unit's
	valuesAt []int // by signal: where among them; -1: a rate has none
	index    index
	last     struct { // unit that was asked for
		name string
		hash uint64
	}
	waiting map[int32][]outcome // of units that are not exposed yet
	ids     ids
	places  int // taken of Room
	arms    [2]armLedger
	points  []restartPoints // by signal
	books   []*book         // by signal; nil where no bets are kept
	series  [][2]*series    // by signal; nil where it has units
	epoch   epoch

	lines            int64 // added, rejected ones too
	first            time.Time
	interval         time.Time // of LedgerOptions.PointsEvery, in which the last line was received
	outcomes         int64
	critical, multi  Count
	control          string // the build of the first control exposure
	foreign          string // the last other build in the treatment
	foreignExposures Count
	stepStart        int64
	rejected         map[Cause]int64
}

// NewLedger returns an empty ledger for the signals of a valid policy.
func NewLedger(p Policy, o LedgerOptions) *Ledger {
	l := &Ledger{
		policy:    p,
		options:   o,
		signals:   make(map[string]int, len(p.Signals)),
		width:     len(p.Signals) * p.Cluster.MaxCasesPerUnit,
		waiting:   map[int32][]outcome{},
		ids:       ids{bounded: o.Room != nil},
		points:    make([]restartPoints, len(p.Signals)),
		books:     newBooks(&p),
		series:    newSeries(&p),
		stepStart: beforeAll,
		rejected:  map[Cause]int64{},
	}
	for i := range p.Signals {
		l.signals[p.Signals[i].Name] = i
		l.points[i].planned = o.Marks[p.Signals[i].Name]
	}
	l.layOut()
	for arm := range l.arms {
		l.arms[arm] = newArmLedger(&l.policy)
	}
	return l
}

// Add folds one line of NDJSON and returns why it was rejected. A receivedAt
// that is not zero is the server's, and replaces the line's own.
func (l *Ledger) Add(line []byte, receivedAt time.Time) Cause {
	o, _, _, err := l.reader.read(line)
	if err != nil {
		return l.count(Malformed)
	}
	if !receivedAt.IsZero() {
		o.ReceivedAt = receivedAt
	}
	return l.AddObservation(&o)
}

// AddObservation is Add for a line that has been read. The ledger keeps
// nothing of o but strings.
func (l *Ledger) AddObservation(o *Observation) Cause {
	if o.wellFormed() != nil {
		return l.count(Malformed)
	}
	if l.first.IsZero() {
		l.first = o.received()
	}
	l.enter(o.received())
	return l.count(l.fold(o))
}

// count counts a line, and takes the restart points that were taken after it
// by an earlier ledger.
func (l *Ledger) count(c Cause) Cause {
	l.lines++
	for i := range l.points {
		l.points[i].replay(l.lines)
	}
	if c != "" {
		l.rejected[c]++
	}
	return c
}

// fold tests a line, in the order of the causes, and takes it in.
func (l *Ledger) fold(o *Observation) Cause {
	if l.options.Flag == "" {
		l.options.Flag = o.Flag
	}
	if l.options.Environment == "" {
		l.options.Environment = o.Environment
	}
	signal, known := l.signals[o.Signal]
	id := idOf(o.ID)
	switch {
	case !l.ours(o.Flag) || o.Environment != l.options.Environment:
		return Foreign
	case !known && o.isOutcome():
		return UnknownSignal
	case o.isOutcome() && !l.policy.Signals[signal].Takes(o):
		return BadValue
	case l.ids.has(id):
		return Duplicate
	case o.At.After(o.received().Add(time.Duration(l.policy.Integrity.MaxClockSkew))):
		return Skewed
	case o.Arm == Treatment && l.isForeign(o):
		return ForeignBuild
	}
	var cause Cause
	if o.Aggregate != nil {
		cause = l.foldAggregate(o, signal)
	} else if cause = l.foldUnit(o, signal); cause == "" {
		l.epoch.tell(o)
	}
	if cause == "" {
		l.ids.add(id)
	}
	return cause
}

// Takes says whether an outcome has what the signal's kind needs: pass, or a
// value in its range, or that it does not apply; where the source is a metric,
// an aggregate in place of these.
func (s *Signal) Takes(o *Observation) bool {
	if s.Source.Aggregated() {
		return o.Aggregate != nil && o.Pass == nil && o.Value == nil && !o.NA && o.Aggregate.fits(s.Kind, o.At)
	}
	return o.Aggregate == nil && o.answers(s.Kind)
}

// ours says whether a flag is one of the release's.
func (l *Ledger) ours(flag string) bool {
	_, further := l.options.Builds[flag]
	return further || flag == l.options.Flag
}

// candidate is the release's build behind one of its flags.
func (l *Ledger) candidate(flag string) string {
	if build, further := l.options.Builds[flag]; further {
		return build
	}
	return l.options.Candidate
}

// answers says whether an outcome has what a signal of the kind needs.
func (o *Observation) answers(kind string) bool {
	if o.Severity == Critical && (o.Pass == nil || *o.Pass) {
		return false
	}
	switch {
	case kind == Level: // a figure of the arm, which no unit can give
		return false
	case o.NA:
		return true
	case kind == Bernoulli:
		return o.Pass != nil
	case o.Value == nil || !isMargin(*o.Value):
		return false
	case kind == Score:
		return *o.Value <= 1
	case kind == Counter:
		return *o.Value == math.Trunc(*o.Value) && *o.Value <= maxEvents
	}
	return true
}

// maxEvents is the most that one case of a counter may have: beyond it the
// figure is not a count.
const maxEvents = 1_000_000

// isForeign says whether a treatment line is of a build that is not the
// candidate, and counts its exposures.
func (l *Ledger) isForeign(o *Observation) bool {
	if c := l.candidate(o.Flag); c == "" || o.Build == c {
		return false
	}
	if !o.isOutcome() {
		l.foreign = o.Build
		l.foreignExposures++
	}
	return true
}

// foldUnit takes a line into its unit.
func (l *Ledger) foldUnit(o *Observation, signal int) Cause {
	u, ok := l.unit(o)
	if !ok {
		if o.IsCritical() { // counted by lines here: it rolls back all the same
			l.critical++
		}
		return Overflow
	}
	if o.IsCritical() && !l.units[u].critical {
		l.units[u].critical = true
		l.critical++
	}
	if c := l.candidate(o.Flag); o.Arm == Control && c != "" && o.Build == c {
		l.leave(u)
		return Misassigned
	}
	if l.units[u].arm != armOf(o.Arm) || l.units[u].multi {
		l.leave(u)
		return MultiArm
	}
	if !o.isOutcome() {
		l.expose(u, o)
		return ""
	}
	out := outcomeOf(o, signal)
	if !l.units[u].exposed {
		if !l.take() {
			return Overflow
		}
		l.waiting[u] = append(l.waiting[u], out)
		return ""
	}
	return l.answer(u, out)
}

// Outcomes returns how many outcomes of the treatment have been counted. It
// never falls; Progress reads it as new evidence.
func (l *Ledger) Outcomes() int64 { return l.outcomes }

// Rejected returns how many lines were rejected, by cause.
func (l *Ledger) Rejected() map[Cause]int64 { return maps.Clone(l.rejected) }
