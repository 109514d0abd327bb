package drift

import (
	"slices"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// CriticalEvents is the name under which critical events are found. They are no
// signal of a policy, have no reference, and are compared with nothing: more
// than the policy allows are an alarm when the line comes.
const CriticalEvents = "critical_events"

// critical counts a unit that saw a critical event since the release completed,
// up to the one too many. Its outcome window is not waited for.
func (w *Watch) critical(o *gate.Observation, received time.Time) {
	s, most := &w.state, int64(w.policy.CriticalEvents.Max)
	unit := strconv.FormatUint(unitOf(o), 36)
	if !o.IsCritical() || int64(len(s.Critical)) > most || slices.Contains(s.Critical, unit) {
		return
	}
	s.Critical = append(s.Critical, unit)
	if n := int64(len(s.Critical)); n > most {
		s.Alarms[CriticalEvents] = [2]*Alarm{{At: received, Value: float64(n), Cases: n}}
	}
}

// criticalFinding is what is known of critical events: nothing without any.
func (w *Watch) criticalFinding() []Finding {
	n := int64(len(w.state.Critical))
	if n == 0 {
		return nil
	}
	f := Finding{Signal: CriticalEvents, Acts: true, Build: Reading{
		Cases: n, Value: float64(n), Threshold: float64(w.policy.CriticalEvents.Max), Alarm: w.state.Alarms[CriticalEvents][treatment],
	}}
	f.Action = w.action(&f)
	return []Finding{f}
}
