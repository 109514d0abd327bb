package drift

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/gate"
)

// TestCriticalEvents act when the line comes: no window is waited for, no
// control is asked, and a unit counts once.
func TestCriticalEvents(t *testing.T) {
	t.Parallel()
	event := func(unit string) gate.Observation {
		return gate.Observation{Arm: gate.Treatment, Build: "b2", Unit: unit, Signal: safety, Pass: new(false), Severity: gate.Critical}
	}
	for name, tc := range map[string]struct {
		on     string
		most   gate.Count
		change func(*gate.Observation)
		after  time.Duration // of the completion
		want   Action
	}{
		"at once":                 {gate.OnDriftFallback, 0, nil, time.Second, FallBack},
		"by policy":               {gate.OnDriftIncident, 0, nil, time.Second, Report},
		"as many as may be":       {gate.OnDriftFallback, 1, nil, time.Second, ""},
		"of the control":          {gate.OnDriftFallback, 0, func(o *gate.Observation) { o.Arm, o.Build = gate.Control, "b1" }, time.Second, ""},
		"of another build":        {gate.OnDriftFallback, 0, func(o *gate.Observation) { o.Build = "b3" }, time.Second, ""},
		"from before":             {gate.OnDriftFallback, 0, nil, -time.Second, ""},
		"that are not critical":   {gate.OnDriftFallback, 0, func(o *gate.Observation) { o.Severity = "major" }, time.Second, ""},
		"after a window, as soon": {gate.OnDriftFallback, 0, nil, 2 * time.Hour, FallBack},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := watched(tc.on, 5)
			p.CriticalEvents.Max = tc.most
			l := begin(p)
			for range 3 { // the same unit
				o := event("u1")
				if tc.change != nil {
					tc.change(&o)
				}
				l.w.Add(line(t, o), completed.Add(tc.after))
			}
			got := Action("")
			for _, f := range l.w.Findings() {
				if f.Signal == CriticalEvents {
					got = f.Action
				}
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
			state := l.w.State(1)
			from := NewWatch(*p, frozen(p), map[string]string{"agent": "b2"}, completed, &state)
			if d := cmp.Diff(l.w.Findings(), from.Findings()); d != "" {
				t.Errorf("from its state (-want +got)\n%s", d)
			}
			from.Rearm(CriticalEvents)
			if n := len(from.Findings()); n != len(frozen(p).Signals) {
				t.Errorf("%d findings once it was dealt with", n)
			}
		})
	}
}
