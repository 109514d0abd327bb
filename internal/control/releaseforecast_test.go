package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// used says that the blue flag was asked about so often in each hour of some
// days, until now.
func (w *world) used(t *testing.T, days int, perHour int64) {
	t.Helper()
	var reports control.Reports
	for hour := range days * 24 {
		at := w.now().Add(-time.Duration(hour+1) * time.Hour).Truncate(time.Hour)
		reports.Usage = append(reports.Usage, control.Usage{Flag: production.Flag, Environment: production.Environment, App: "shop", Hour: at, Yes: perHour / 2, No: perHour - perHour/2})
	}
	check(t, w.db.AddReports(t.Context(), reports))
}

// TestForecast refuses what cannot be decided in time, and says how long the
// rest takes.
func TestForecast(t *testing.T) {
	t.Parallel()
	slow := func(onInsufficient string) func(*gate.Plan) {
		return func(p *gate.Plan) {
			own := p.Policy
			own.Evidence.MinStepExposures, own.HoldRule.OnInsufficient = 1000, onInsufficient
			p.Milestones[1].Percent, p.Milestones[1].Policy = 11, &own
		}
	}
	for name, tc := range map[string]struct {
		days, perHour int
		stated        float64
		change        func(*gate.Plan)
		code, says    string
		warnings      int
		perDay        float64
	}{
		"no usage":                       {},
		"usage of half a day":            {days: 0, perHour: 2},
		"enough":                         {days: 3, perHour: 1000, perDay: 24000},
		"the first milestone is slow":    {days: 3, perHour: 50, code: "too_few_cases", says: "10 % of about 1200 cases a day"},
		"and names what is not":          {days: 3, perHour: 50, code: "too_few_cases", says: ": 23 % can"},
		"or that nothing is":             {days: 3, perHour: 5, code: "too_few_cases", says: "no percent can; use the policy agent-low-traffic"},
		"a later one is slow":            {stated: 3000, perDay: 3000, change: slow("stay"), warnings: 1},
		"a later one, and it rolls back": {stated: 3000, change: slow("rollback"), code: "too_few_cases", says: "11 % of about 3000"},
		"what is stated counts":          {days: 3, perHour: 5, stated: 1e6, perDay: 1e6},
		"less than none":                 {stated: -1, code: "invalid", says: "want more than 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.used(t, tc.days, int64(tc.perHour))
			in := starting()
			in.CasesPerDay = tc.stated
			if tc.change != nil {
				tc.change(&in.Plan)
			}
			r, err := w.StartRelease(t.Context(), root, in)
			if tc.code != "" {
				if code(err) != tc.code || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("started: %v, want %s: %s", err, tc.code, tc.says)
				}
				return
			}
			check(t, err)
			if tc.perDay == 0 {
				diff(t, "forecast", (*control.Forecast)(nil), r.Forecast)
				return
			}
			if f := r.Forecast; f.CasesPerDay != tc.perDay || len(f.Warnings) != tc.warnings || len(f.Milestones) != 2 || f.Milestones[0].Days <= 0 {
				t.Errorf("forecast %+v, want %v cases a day and %d warnings", f, tc.perDay, tc.warnings)
			}
		})
	}
}
