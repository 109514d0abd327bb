package gate

import (
	"slices"
	"strconv"
	"time"
)

// The values of Drift.OnDrift.
const (
	OnDriftIncident = "incident" // an alarm opens an incident; "" is the same
	OnDriftFallback = "fallback" // and the release falls back, unless its control drifts too
)

// Drift says how a release is watched after 100 %, where there is no gate any
// more, and what an alarm does.
type Drift struct {
	OnDrift         string   `json:"on_drift"`          // OnDriftIncident or OnDriftFallback
	Holdback        int      `json:"holdback"`          // percent of the units, 0 to 50, that stay with the old build as a control
	ControlWait     Duration `json:"control_wait"`      // how long a fallback waits for what the control says; nothing without a holdback
	FalseAlarmEvery Duration `json:"false_alarm_every"` // of all detectors of an arm together, on average, while nothing drifts; 0 is 30 days
	Signals         []string `json:"signals,omitempty"` // whose alarm acts; absent: see Policy.ActsOnDrift
}

// RunDays is for how many days all detectors of an arm together run, on
// average, from one false alarm to the next.
func (d *Drift) RunDays() float64 {
	if d.FalseAlarmEvery == 0 {
		return 30
	}
	return d.FalseAlarmEvery.Seconds() / (24 * time.Hour).Seconds()
}

// Wait is how long a fallback waits for what the control says.
func (d *Drift) Wait() time.Duration { return time.Duration(d.ControlWait) }

// ActsOnDrift says whether a drift alarm of a signal opens an incident, and may
// fall back. It is so of those that Drift.Signals names; where it names none, of
// safety and evidence coverage; of a policy that has neither, of all signals
// that may roll back. The alarms of others are warnings.
func (p *Policy) ActsOnDrift(signal string) bool {
	if len(p.Drift.Signals) > 0 {
		return slices.Contains(p.Drift.Signals, signal)
	}
	i, first := p.signal(signal), p.signal(safetySignal) >= 0 || p.signal(coverageSignal) >= 0
	switch {
	case i < 0:
		return false
	case first:
		return oneOf(signal, safetySignal, coverageSignal)
	}
	return p.Signals[i].rollsBack()
}

// signal returns the place of a signal in the policy, -1 where it has none.
func (p *Policy) signal(name string) int {
	return slices.IndexFunc(p.Signals, func(s Signal) bool { return s.Name == name })
}

func (p *Policy) validateDrift() error {
	for i, name := range p.Drift.Signals {
		if p.signal(name) < 0 {
			return wrongField("drift.signals["+strconv.Itoa(i)+"]", strconv.Quote(name)+" is not a signal of the policy")
		}
	}
	return nil
}
