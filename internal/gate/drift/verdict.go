package drift

import "github.com/lockflight/lockflight/internal/gate"

// Action is what becomes of a drift alarm.
type Action string

// The actions.
const (
	Warn          Action = "warn"           // shown, and nothing more: the signal does not act
	Report        Action = "incident"       // an incident, by policy
	Await         Action = "await_control"  // an incident; a fallback as soon as the control had its time
	FallBack      Action = "fallback"       // an incident, and the build before serves everyone again
	ControlDrifts Action = "control_drifts" // an incident: the build before drifts too, so falling back is no help
)

// Finding is what a Watch says of one signal.
type Finding struct {
	Signal  string   `json:"signal"`
	Acts    bool     `json:"acts"`
	Build   Reading  `json:"build"`
	Control *Reading `json:"control,omitempty"` // nil where no control is watched
	Action  Action   `json:"action,omitempty"`  // "" without an alarm
}

// Reading is how far a detector is.
type Reading struct {
	P0        float64 `json:"p0"`        // the reference: the mean is at least this while nothing drifts
	Cases     int64   `json:"cases"`     // seen since it was started
	Value     float64 `json:"value"`     // to compare with the threshold
	Threshold float64 `json:"threshold"` // also the mean number of cases to a false alarm
	Alarm     *Alarm  `json:"alarm,omitempty"`
}

// Findings returns what is known of each watched signal, in the order of the
// policy, and of critical events, where there are any.
func (w *Watch) Findings() []Finding {
	out := make([]Finding, 0, len(w.ref.Signals))
	for i := range w.ref.Signals {
		of := &w.ref.Signals[i]
		detectors, alarms := w.state.Detectors[of.Name], w.state.Alarms[of.Name]
		f := Finding{Signal: of.Name, Acts: of.Acts, Build: reading(detectors[treatment], of.Treatment, alarms[treatment])}
		if of.Control != nil {
			c := reading(detectors[control], *of.Control, alarms[control])
			f.Control = &c
		}
		f.Action = w.action(&f)
		out = append(out, f)
	}
	return append(out, w.criticalFinding()...)
}

func reading(d *Detector, n Normal, a *Alarm) Reading {
	return Reading{P0: n.P0, Cases: d.N, Value: d.Value(), Threshold: n.Threshold, Alarm: a}
}

// action says what becomes of a signal's alarm at the clock of the evidence.
func (w *Watch) action(f *Finding) Action {
	alarm := f.Build.Alarm
	switch {
	case alarm == nil:
		return ""
	case !f.Acts:
		return Warn
	case f.Control != nil && f.Control.Alarm != nil:
		return ControlDrifts
	case w.policy.Drift.OnDrift != gate.OnDriftFallback:
		return Report
	case f.Control != nil && w.state.Clock.Before(alarm.At.Add(w.policy.Drift.Wait())):
		return Await
	}
	return FallBack
}

// Mixes returns how the kinds of cases have shifted, by what tells them apart.
func (w *Watch) Mixes() map[string]Mix {
	out := make(map[string]Mix, len(w.state.Mixes))
	for name, m := range w.state.Mixes {
		out[name] = Mix{Shift: m.Shift, PSI: m.PSI, JS: m.JS}
	}
	return out
}

// Overflow returns how many outcomes were not watched for want of room.
func (w *Watch) Overflow() int64 { return w.state.Overflow }
