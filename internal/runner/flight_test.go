package runner

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

func TestDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	const coalesce = time.Second
	for name, tc := range map[string]struct {
		state control.ReleaseState
		fresh bool
		last  time.Duration // before now; 0: never
		next  time.Duration // after now; 0: not before there is evidence
		want  time.Duration
	}{
		"never evaluated":           {control.Running, true, 0, 0, 0},
		"new evidence":              {control.Running, true, time.Minute, 0, 0},
		"new evidence, too soon":    {control.Held, true, 300 * time.Millisecond, 0, 700 * time.Millisecond},
		"no evidence, no time":      {control.Running, false, time.Minute, 0, idle},
		"a time to come":            {control.Running, false, time.Minute, 3 * time.Second, 3 * time.Second},
		"a time that has come":      {control.Running, false, time.Minute, -time.Second, 0},
		"a time, but too soon":      {control.Running, false, 400 * time.Millisecond, 100 * time.Millisecond, 600 * time.Millisecond},
		"new evidence before it":    {control.Running, true, time.Minute, time.Hour, 0},
		"paused, with new evidence": {control.Paused, true, time.Minute, 0, idle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := flight{fresh: tc.fresh}
			f.view.State = tc.state
			if tc.last != 0 {
				f.last = now.Add(-tc.last)
			}
			if tc.next != 0 {
				f.next = now.Add(tc.next)
			}
			if got := f.due(now, coalesce); got != tc.want {
				t.Errorf("due in %v, want %v", got, tc.want)
			}
		})
	}
}
