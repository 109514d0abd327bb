package gate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// model is the fold written down as plainly as possible: it keeps every line
// and computes each snapshot from the start. The ledger must agree with it.
type model struct {
	policy    Policy
	candidate string
	units     map[string]*modelUnit
	ids       map[string]bool
	rejected  map[Cause]int64
	marks     map[string][]int64
	lines     int64
	outcomes  int64
	control   string
	foreign   string
	foreigns  Count
}

type modelUnit struct {
	name            string
	arm             string
	at              time.Time
	exposed, multi  bool
	critical        bool
	answers         map[string]modelAnswer
	exposedSegments map[string]int
	waiting         []Observation
}

type modelAnswer struct {
	answered, na, fail bool
	value              float64
	segment            int
}

func newModel(p Policy, candidate string) *model {
	return &model{
		policy: p, candidate: candidate, units: map[string]*modelUnit{}, ids: map[string]bool{},
		rejected: map[Cause]int64{}, marks: map[string][]int64{},
	}
}

func (m *model) add(o Observation) Cause {
	c := m.fold(o)
	m.lines++
	if c != "" {
		m.rejected[c]++
	}
	return c
}

func (m *model) signal(name string) (Signal, bool) {
	for _, s := range m.policy.Signals {
		if s.Name == name {
			return s, true
		}
	}
	return Signal{}, false
}

func (m *model) fold(o Observation) Cause {
	s, known := m.signal(o.Signal)
	exposure := o.Signal == "exposure"
	switch {
	case o.Flag != "f" || o.Environment != "e":
		return Foreign
	case !known && !exposure:
		return UnknownSignal
	case !exposure && o.Severity == "critical" && (o.Pass == nil || *o.Pass):
		return BadValue
	case !exposure && s.Kind == Bernoulli && o.Pass == nil && !o.NA:
		return BadValue
	case !exposure && s.Kind == Quantile && (o.Value == nil || *o.Value < 0) && !o.NA:
		return BadValue
	case o.ID != "" && m.ids[o.ID]:
		return Duplicate
	case o.At.After(o.received().Add(time.Duration(m.policy.Integrity.MaxClockSkew))):
		return Skewed
	case o.Arm == Treatment && o.Build != m.candidate:
		if exposure {
			m.foreign = o.Build
			m.foreigns++
		}
		return ForeignBuild
	}
	u := m.units[o.Unit]
	if u == nil {
		u = &modelUnit{name: o.Unit, arm: o.Arm, answers: map[string]modelAnswer{}, exposedSegments: map[string]int{}}
		m.units[o.Unit] = u
	}
	u.critical = u.critical || o.Arm == Treatment && o.Signal == "safety_pass_rate" && o.Severity == "critical"
	if o.Arm == Control && o.Build == m.candidate {
		u.multi = true
		return Misassigned
	}
	if u.multi || u.arm != o.Arm {
		u.multi = true
		return MultiArm
	}
	c := m.take(u, o)
	if c == "" && o.ID != "" {
		m.ids[o.ID] = true
	}
	return c
}

func (m *model) take(u *modelUnit, o Observation) Cause {
	if o.Signal != "exposure" && !u.exposed {
		u.waiting = append(u.waiting, o)
		return ""
	}
	if o.Signal != "exposure" {
		return m.answer(u, o)
	}
	if u.exposed {
		return ""
	}
	u.exposed, u.at = true, o.At
	if u.arm == Control && m.control == "" {
		m.control = o.Build
	}
	for _, s := range m.policy.Signals {
		u.exposedSegments[s.Name] = len(m.marks[s.Name])
	}
	for _, w := range u.waiting {
		if c := m.answer(u, w); c != "" {
			m.rejected[c]++
		}
	}
	return ""
}

func (m *model) answer(u *modelUnit, o Observation) Cause {
	until := u.at.Add(time.Duration(m.policy.Evidence.OutcomeWindow))
	if o.At.After(until) || o.received().After(until) {
		return Late
	}
	a := u.answers[o.Signal]
	if o.Pass == nil && o.Value == nil {
		a.na = true
		u.answers[o.Signal] = a
		return ""
	}
	if !a.answered {
		a.answered, a.segment = true, len(m.marks[o.Signal])
		if u.arm == Treatment {
			m.outcomes++
		}
	}
	if o.Pass != nil {
		a.fail = a.fail || !*o.Pass
	}
	if o.Value != nil {
		a.value = max(a.value, *o.Value)
	}
	u.answers[o.Signal] = a
	return ""
}

// arm returns the exposed units of an arm, by time of exposure.
func (m *model) arm(arm string) []*modelUnit {
	var units []*modelUnit
	for _, u := range m.units {
		if u.arm == arm && u.exposed && !u.multi {
			units = append(units, u)
		}
	}
	slices.SortFunc(units, func(a, b *modelUnit) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(hashOf(a.name), hashOf(b.name)))
	})
	return units
}

func (m *model) snapshot(at time.Time, p Progress) Snapshot {
	s := Snapshot{
		Schema: SnapshotSchema, Flag: "f", Env: "e", Step: p.Step,
		Build:     BuildIDs{Candidate: m.candidate, Control: m.control, Seen: m.candidate},
		Exposures: Exposures{Expected: 0.5, Step: &ArmCounts{}},
		Signals:   map[string]Measure{},
	}
	for _, u := range m.units {
		if u.multi {
			s.Exposures.Multi++
		}
		if u.critical {
			s.CriticalEvents++
		}
	}
	inStep := func(units []*modelUnit) (n Count) {
		for _, u := range units {
			if p.Step == 0 || u.at.After(p.StepStart) {
				n++
			}
		}
		return n
	}
	t, c := m.arm(Treatment), m.arm(Control)
	s.Exposures.Treatment, s.Exposures.Control = Count(len(t)), Count(len(c))
	s.Exposures.Step.Treatment, s.Exposures.Step.Control = inStep(t), inStep(c)
	limit := m.policy.Integrity.MultiExposure
	if m.foreigns >= limit.MinCount && float64(m.foreigns) >= limit.MaxShare*float64(m.foreigns+Count(len(t))) {
		s.Build.Seen = m.foreign
	}
	for _, signal := range m.policy.Signals {
		s.Signals[signal.Name] = m.measure(signal, t, c, at)
	}
	return s
}

func (m *model) measure(s Signal, t, c []*modelUnit, at time.Time) Measure {
	ta, ts := m.armOf(s, t, at)
	ca, cs := m.armOf(s, c, at)
	last := 0
	for i := range ts {
		if ts[i] != (counts{}) || cs[i] != (counts{}) {
			last = i
		}
	}
	ta.Restarts, ca.Restarts = suffixes(ts, last), suffixes(cs, last)
	coverT, coverC := m.covers(s, t, at), m.covers(s, c, at)
	coverage := 1.0
	for _, cover := range [][]bool{coverT, coverC} {
		if len(cover) > 0 {
			coverage = min(coverage, answeredShare(cover), answeredShare(cover[max(0, len(cover)-100):]))
		}
	}
	measure := Measure{Treatment: ta, Control: ca, TelemetryCoverage: &coverage, AgeSeconds: max(m.age(s, t, at), m.age(s, c, at))}
	if len(coverT) >= 100 && len(coverC) >= 100 {
		measure.CoverageGap = max(0, answeredShare(coverC)-answeredShare(coverT))
	}
	return measure
}

func answeredShare(answered []bool) float64 {
	n := 0
	for _, is := range answered {
		if is {
			n++
		}
	}
	return float64(n) / float64(len(answered))
}

func suffixes(segments []counts, last int) []Restart {
	var out []Restart
	for i := 1; i <= last; i++ {
		var sum counts
		for _, seg := range segments[i:] {
			sum.k, sum.n, sum.pending = sum.k+seg.k, sum.n+seg.n, sum.pending+seg.pending
		}
		r := Restart{sum.k, sum.n}
		if sum.pending > 0 {
			r = append(r, sum.pending)
		}
		out = append(out, r)
	}
	return out
}

// armOf returns the counts of an arm, and those between restart points.
func (m *model) armOf(s Signal, units []*modelUnit, at time.Time) (*Arm, []counts) {
	var n, k, overPromote, pending Count
	var values []float64
	segments := make([]counts, len(m.marks[s.Name])+1)
	for _, u := range units {
		a, age := u.answers[s.Name], at.Sub(u.at)
		if !a.answered && !a.na && age <= time.Duration(m.policy.Evidence.OutcomeWindow) {
			pending++
			segments[u.exposedSegments[s.Name]].pending++
		}
		if !a.answered || age < time.Duration(s.Settle) {
			continue
		}
		n++
		segments[a.segment].n++
		good := !a.fail
		if s.Kind == Quantile {
			values = append(values, a.value)
			good = a.value > s.Rollback
			if a.value > s.Promote {
				overPromote++
			}
		}
		if good {
			k++
			segments[a.segment].k++
		}
	}
	if s.Kind != Quantile {
		return &Arm{N: &n, K: &k, Pending: pending}, segments
	}
	arm := &Arm{N: &n, GtPromote: &overPromote, GtRollback: &k, Pending: pending}
	slices.Sort(values)
	if lo, hi, ok := rankInterval(s.Q, len(values), m.policy.Alpha.Rollback*s.Weight/4); ok {
		arm.QLo, arm.QHi = &values[lo-1], &values[hi-1]
	}
	return arm, segments
}

// covers says of each due unit, by time, whether it has answered.
func (m *model) covers(s Signal, units []*modelUnit, at time.Time) []bool {
	var out []bool
	for _, u := range units {
		a := u.answers[s.Name]
		if due := !u.at.After(at.Add(-time.Duration(max(m.policy.Evidence.OutcomeGrace, s.Settle)))); due && (a.answered || !a.na) {
			out = append(out, a.answered)
		}
	}
	return out
}

func (m *model) age(s Signal, units []*modelUnit, at time.Time) float64 {
	var last time.Time
	for _, u := range units {
		if u.answers[s.Name].answered {
			last = u.at
		}
	}
	for _, u := range units {
		if a := u.answers[s.Name]; u.at.After(last) && !a.answered && !a.na {
			return float64(max(at.Sub(u.at).Microseconds(), 0)) / 1e6
		}
	}
	return 0
}

// modelPolicy has short times, so that a few lines reach every border.
func modelPolicy(t testing.TB) Policy {
	t.Helper()
	p := DefaultPolicy()
	p.Evidence.OutcomeWindow, p.Evidence.OutcomeGrace = Duration(40*time.Second), Duration(5*time.Second)
	p.Integrity.MaxClockSkew = Duration(3 * time.Second)
	p.Integrity.MultiExposure.MinCount = 2
	p.Signals[1].Settle = Duration(12 * time.Second)
	p.Signals[4].Q, p.Signals[4].Settle = 0.5, Duration(8*time.Second)
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

var modelStart = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// randomLine returns a line that is mostly good.
func randomLine(r *rand.Rand, units int, received time.Time) Observation {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	unit := r.IntN(units)
	o := Observation{
		At: received.Add(-time.Duration(r.IntN(6000)) * time.Millisecond), ReceivedAt: received,
		Environment: "e", Flag: "f", Unit: fmt.Sprint("u", unit), Arm: Treatment, Build: "b2",
		Signal: pick("exposure", "exposure", "safety_pass_rate", "evidence_coverage", "evidence_coverage", "task_success_rate", "p95_latency_ms"),
	}
	if unit%2 == 0 {
		o.Arm, o.Build = Control, "b1"
	}
	switch r.IntN(12) {
	case 0:
		o.At = received.Add(-time.Duration(r.IntN(100)) * time.Second)
	case 1:
		o.At = received.Add(time.Duration(r.IntN(4500)) * time.Millisecond)
	}
	if r.IntN(300) == 0 {
		o.Arm = pick(Treatment, Control)
	}
	if r.IntN(300) == 0 {
		o.Build = pick("b0", "b1", "b2")
	}
	if r.IntN(60) == 0 {
		o.Flag, o.Signal = pick("f", "g"), pick("exposure", "no_such_signal")
	}
	if r.IntN(20) == 0 {
		o.ID = fmt.Sprint("id", r.IntN(40))
	}
	switch r.IntN(10) {
	case 0:
		o.NA = true
	case 1:
	default:
		o.Pass = new(r.IntN(4) > 0)
		o.Value = new(math.Round(r.ExpFloat64() * 12000))
	}
	if r.IntN(200) == 0 {
		o.Severity = Critical
	}
	return o
}

// TestLedgerAgreesWithModel folds random lines into both, takes snapshots on
// the way, and makes the ledger again from its marks at the end.
func TestLedgerAgreesWithModel(t *testing.T) {
	t.Parallel()
	p := modelPolicy(t)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		units := []int{6, 60, 900}[seed%3]
		ledger, plain := NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e"}), newModel(p, "b2")
		var lines []Observation
		progress := NewProgress(modelStart)
		now := modelStart
		for range 25 {
			for range r.IntN(4 * units / 3) {
				now = now.Add(time.Duration(r.IntN(60)) * time.Second / time.Duration(units)).Truncate(time.Millisecond)
				o := randomLine(r, units, now)
				lines = append(lines, o)
				if got, want := ledger.AddObservation(&o), plain.add(o); got != want {
					t.Fatalf("seed %d: %+v: rejected as %q, want %q", seed, o, got, want)
				}
			}
			now = now.Add(time.Duration(r.IntN(9000)) * time.Millisecond)
			got, want := ledger.Snapshot(now, progress), plain.snapshot(now, progress)
			got.Window = Window{}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d at %s: (-model +ledger)\n%s", seed, now, diff)
			}
			if ledger.Outcomes() != plain.outcomes {
				t.Fatalf("seed %d: %d outcomes, want %d", seed, ledger.Outcomes(), plain.outcomes)
			}
			if r.IntN(5) == 0 {
				progress.Step++
				progress.StepStart = now
				ledger.Restart()
			}
			plain.marks = ledger.Marks()
		}
		if diff := gocmp.Diff(plain.rejected, ledger.Rejected()); diff != "" {
			t.Errorf("seed %d: rejected (-model +ledger)\n%s", seed, diff)
		}
		again := NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e", Marks: ledger.Marks()})
		for i := range lines {
			again.AddObservation(&lines[i])
		}
		if diff := gocmp.Diff(ledger.Snapshot(now, progress), again.Snapshot(now, progress)); diff != "" {
			t.Fatalf("seed %d: made again: (-first +again)\n%s", seed, diff)
		}
	}
}
