package drift

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// The arms as indices.
const (
	treatment = iota
	control
)

// maxOpen bounds the cases whose outcomes may still come. Units beyond it are
// counted and not watched.
const maxOpen = 100_000

// State is what a Watch has made of the evidence so far: plain data, from which
// another Watch goes on. It depends on the lines and on nothing else.
type State struct {
	After     int64                   `json:"after"`           // the last batch that was folded: the caller's
	Clock     time.Time               `json:"clock,omitzero"`  // when the last line was received
	Detectors map[string][2]*Detector `json:"detectors"`       // by signal: of the treatment and of the control
	Alarms    map[string][2]*Alarm    `json:"alarms"`          // the first of each detector since it was started
	Mixes     map[string]*Mix         `json:"mixes,omitempty"` // of the treatment: case_class, and each quantile's magnitudes
	Open      []Case                  `json:"open,omitempty"`  // in the order in which they began
	Overflow  int64                   `json:"overflow,omitempty"`
	Critical  []string                `json:"critical,omitempty"` // units that saw a critical event, by their hashes: one more than are allowed, at most
	seen      map[uint64]int          // places in Open, less done
	done      int                     // cases that were taken from the front of Open
}

// Alarm is a detector that has reached its threshold.
type Alarm struct {
	At    time.Time `json:"at"` // by the clock of the evidence
	Value float64   `json:"value"`
	Cases int64     `json:"cases"` // that the detector had seen
}

// Case is one unit whose outcomes are gathered. It counts when its window is
// over, with the worst outcome of each signal, so that failures that are told
// sooner than passes are no drift.
type Case struct {
	Unit    uint64    `json:"u,string"` // a hash
	Control bool      `json:"c,omitempty"`
	Began   time.Time `json:"t"`
	Worst   []float64 `json:"x"` // by signal of the reference: 0 to 1, -1 where there is none
}

// Watch folds the evidence of a release after 100 %. Lines come in the order in
// which they were received. It is not safe for concurrent use.
type Watch struct {
	policy  gate.Policy
	ref     Reference
	builds  map[string]string
	began   time.Time // when the release completed
	since   time.Time // from when on units count: an outcome window later
	state   State
	reader  gate.Reader
	signals map[string]int // places in ref
	kinds   map[string]string
}

// NewWatch watches builds, by their flags, since the release completed, and goes on from a
// state where that is not nil. Lines received within the first outcome window
// are passed over: units that were exposed before would show what is told
// soonest, such as failures, and not yet the rest. Critical events count from
// the first on.
func NewWatch(p gate.Policy, ref Reference, builds map[string]string, since time.Time, from *State) *Watch {
	w := &Watch{policy: p, ref: ref, builds: builds, began: since, since: since.Add(time.Duration(p.Evidence.OutcomeWindow)), signals: map[string]int{}, kinds: map[string]string{}}
	for i, s := range ref.Signals {
		w.signals[s.Name] = i
	}
	for _, s := range p.Signals {
		w.kinds[s.Name] = s.Kind
	}
	if from != nil {
		w.state = *from.clone()
	}
	w.state.fill(ref)
	return w
}

// fill makes what a state lacks.
func (s *State) fill(ref Reference) {
	if s.Detectors == nil {
		s.Detectors = map[string][2]*Detector{}
	}
	if s.Alarms == nil {
		s.Alarms = map[string][2]*Alarm{}
	}
	if s.Mixes == nil {
		s.Mixes = map[string]*Mix{}
	}
	for _, one := range ref.Signals {
		if _, known := s.Detectors[one.Name]; known {
			continue
		}
		pair := [2]*Detector{NewDetector(one.Treatment.P0)}
		if one.Control != nil {
			pair[control] = NewDetector(one.Control.P0)
		}
		s.Detectors[one.Name] = pair
	}
	s.seen = make(map[uint64]int, len(s.Open))
	for i, c := range s.Open {
		s.seen[c.Unit] = i
	}
}

// clone returns a state that shares nothing with s.
func (s *State) clone() *State {
	out := *s
	out.Open, out.done, out.seen = slices.Clone(s.Open), 0, nil
	for i := range out.Open {
		out.Open[i].Worst = slices.Clone(out.Open[i].Worst)
	}
	out.Detectors = make(map[string][2]*Detector, len(s.Detectors))
	for name, pair := range s.Detectors {
		for i, d := range pair {
			if d != nil {
				pair[i] = new(*d)
			}
		}
		out.Detectors[name] = pair
	}
	out.Alarms, out.Critical = maps.Clone(s.Alarms), slices.Clone(s.Critical)
	out.Mixes = make(map[string]*Mix, len(s.Mixes))
	for name, m := range s.Mixes {
		out.Mixes[name] = &Mix{maps.Clone(m.Reference), maps.Clone(m.Current), m.Shift, m.PSI, m.JS}
	}
	return &out
}

// State returns the state after the lines so far, of which the last were of
// batch after.
func (w *Watch) State(after int64) State {
	out := w.state.clone()
	out.After = after
	return *out
}

// Rearm starts the detectors of a signal anew, after an alarm was dealt with.
func (w *Watch) Rearm(signal string) {
	for _, d := range w.state.Detectors[signal] {
		if d != nil {
			d.Reset()
		}
	}
	if signal == CriticalEvents {
		w.state.Critical = nil
	}
	delete(w.state.Alarms, signal)
}

// Add folds one line of NDJSON, received at a time that is not before the last
// one's. What cannot be read, or is of no use here, is passed over: it was
// counted when it was taken in.
func (w *Watch) Add(line []byte, received time.Time) {
	if received.Before(w.began) {
		return
	}
	counts := !received.Before(w.since)
	if counts {
		w.advance(received)
	}
	o, _, err := w.reader.Read(line)
	if err != nil {
		return
	}
	if build, watched := w.builds[o.Flag]; !watched || (o.Arm == gate.Treatment) != (o.Build == build) {
		return // another flag's, another build's, or a control's that is none
	}
	w.critical(&o, received)
	if counts {
		w.take(&o, received)
	}
}

// take gathers an outcome for its case. A case begins with the exposure of its
// unit or, where that was reported long ago, with an outcome.
func (w *Watch) take(o *gate.Observation, received time.Time) {
	if o.Signal == "exposure" {
		w.caseOf(o, received)
		return
	}
	signal, watched := w.signals[o.Signal]
	if !watched {
		return
	}
	x, ok := quality(&w.ref.Signals[signal], w.kinds[o.Signal], o)
	c := w.caseOf(o, received)
	if !ok || c == nil {
		return
	}
	if o.Arm == gate.Treatment {
		w.mix(o, !slices.ContainsFunc(c.Worst, func(x float64) bool { return x >= 0 }))
	}
	if c.Worst[signal] < 0 || x < c.Worst[signal] {
		c.Worst[signal] = x
	}
}

// mix counts what kind of case an outcome is of.
func (w *Watch) mix(o *gate.Observation, first bool) {
	if first && o.CaseClass != "" {
		w.mixOf("case_class").add(o.CaseClass)
	}
	if w.kinds[o.Signal] == gate.Quantile {
		w.mixOf(o.Signal).add(magnitude(*o.Value))
	}
}

func (w *Watch) mixOf(name string) *Mix {
	m := w.state.Mixes[name]
	if m == nil {
		m = &Mix{}
		w.state.Mixes[name] = m
	}
	return m
}

// quality returns how good an outcome is, 0 to 1.
func quality(s *Signal, kind string, o *gate.Observation) (float64, bool) {
	switch {
	case o.NA:
		return 0, false
	case kind == gate.Bernoulli && o.Pass != nil:
		return indicator(*o.Pass), true
	case kind == gate.Score && o.Value != nil:
		return min(*o.Value, 1), true
	case kind == gate.Quantile && o.Value != nil:
		return indicator(*o.Value <= *s.Over), true
	}
	return 0, false
}

func indicator(good bool) float64 {
	if good {
		return 1
	}
	return 0
}

// unitOf is a unit, and its arm, as a hash.
func unitOf(o *gate.Observation) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(o.Arm + "\x00" + o.Unit)) // a hash takes everything
	return h.Sum64()
}

// caseOf returns the case that a unit has now, nil where there is no room.
func (w *Watch) caseOf(o *gate.Observation, received time.Time) *Case {
	unit, s := unitOf(o), &w.state
	if at, ok := s.seen[unit]; ok {
		return &s.Open[at-s.done]
	}
	if len(s.Open) == maxOpen {
		s.Overflow++
		return nil
	}
	worst := make([]float64, len(w.ref.Signals))
	for i := range worst {
		worst[i] = -1
	}
	s.seen[unit] = s.done + len(s.Open)
	s.Open = append(s.Open, Case{Unit: unit, Control: o.Arm == gate.Control, Began: received, Worst: worst})
	return &s.Open[len(s.Open)-1]
}

// advance counts the cases whose window is over, in the order in which they
// began. Those that began together go by their hash: the order of lines is no
// evidence.
func (w *Watch) advance(now time.Time) {
	s := &w.state
	if !now.After(s.Clock) {
		return
	}
	s.Clock = now
	limit := now.Add(-time.Duration(w.policy.Evidence.OutcomeWindow))
	over := 0
	for over < len(s.Open) && s.Open[over].Began.Before(limit) {
		over++
	}
	if over == 0 {
		return
	}
	closed := s.Open[:over]
	s.Open, s.done = s.Open[over:], s.done+over
	slices.SortStableFunc(closed, func(a, b Case) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Unit, b.Unit))
	})
	for i := range closed {
		delete(s.seen, closed[i].Unit)
		w.count(&closed[i])
	}
}

// count gives a case to the detectors of its arm.
func (w *Watch) count(c *Case) {
	arm := treatment
	if c.Control {
		arm = control
	}
	for i := range w.ref.Signals {
		of := &w.ref.Signals[i]
		d := w.state.Detectors[of.Name][arm]
		if c.Worst[i] < 0 || d == nil {
			continue
		}
		limit := of.Treatment.Threshold
		if arm == control {
			limit = of.Control.Threshold
		}
		value, alarms := d.Add(c.Worst[i]), w.state.Alarms[of.Name]
		if alarms[arm] == nil && value >= limit {
			alarms[arm] = &Alarm{At: w.state.Clock, Value: value, Cases: d.N}
			w.state.Alarms[of.Name] = alarms
		}
	}
}
