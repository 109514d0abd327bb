package control

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// Usage is looked at over forecastSpan, and says nothing before it covers
// forecastLeast: an hour says little of a day.
const (
	forecastSpan  = 7 * 24 * time.Hour
	forecastLeast = 24 * time.Hour
)

const day = 24 * time.Hour

// Forecast is how long the milestones of a release take at least, if the build
// never fails, at the pace at which the flag has been asked about.
type Forecast struct {
	CasesPerDay float64             `json:"casesPerDay"` // of all units
	Milestones  []MilestoneForecast `json:"milestones"`  // but the last, which decides nothing
	Warnings    []string            `json:"warnings,omitempty"`
}

// MilestoneForecast is that of one milestone.
type MilestoneForecast struct {
	Percent int     `json:"percent"`
	Cases   int64   `json:"cases"` // that it must gather itself, in each arm
	Days    float64 `json:"days"`  // until it has them, or may be left by the clock
}

// casesPerDay estimates how many cases a day brings, from how often the flag
// was asked about; 0 where that is not known.
func (s *Service) casesPerDay(ctx context.Context, flag, env string, now time.Time) (float64, error) {
	if s.usage == nil {
		return 0, nil
	}
	hours, err := s.usage.Usage(ctx, flag, now.Add(-forecastSpan))
	if err != nil {
		return 0, err
	}
	var sum int64
	first := now
	for _, u := range hours {
		if u.Environment != env {
			continue
		}
		sum += u.Yes + u.No
		if u.Hour.Before(first) {
			first = u.Hour
		}
	}
	if span := now.Sub(first); span >= forecastLeast {
		return float64(sum) * float64(day) / float64(span), nil
	}
	return 0, nil
}

// forecast says how long a plan takes at so many cases a day, and refuses one
// with a milestone that cannot be decided within its hold's timeout: the first
// in any case, a later one where the policy would then roll back. Where it would
// stay, it is a warning.
func forecast(plan gate.Plan, casesPerDay float64) (*Forecast, error) {
	if casesPerDay <= 0 {
		return nil, nil
	}
	f := &Forecast{CasesPerDay: casesPerDay}
	gathered := int64(0)
	for i, m := range plan.Milestones[:len(plan.Milestones)-1] {
		policy := plan.PolicyAt(i)
		need := casesFor(plan, i, gathered)
		gathered += min(need, math.MaxInt64-gathered)
		share := m.Percent
		if m.Shadow {
			share = 100
		}
		days := float64(need) / (casesPerDay * float64(share) / 100)
		f.Milestones = append(f.Milestones, MilestoneForecast{
			Percent: m.Percent, Cases: need, Days: max(days, policy.Evidence.MinDuration.Seconds()/day.Seconds()),
		})
		limit := policy.HoldRule.Timeout.Seconds() / day.Seconds()
		if days <= limit {
			continue
		}
		why := tooSlow(m.Percent, need, casesPerDay, limit)
		if i == 0 || policy.HoldRule.OnInsufficient != "stay" {
			field := fmt.Sprintf("plan.milestones[%d].percent", i)
			return nil, &Error{Kind: Invalid, Code: "too_few_cases", Field: field, Msg: why}
		}
		f.Warnings = append(f.Warnings, why)
	}
	return f, nil
}

// casesFor is how many cases milestone i must gather itself, in each arm.
func casesFor(plan gate.Plan, i int, gathered int64) int64 {
	least := int64(plan.MinCases(i))
	if least == 0 {
		return 0
	}
	return max(int64(plan.PolicyAt(i).Evidence.MinStepExposures), least-gathered)
}

// tooSlow says what is wrong with a milestone, and what would not be.
func tooSlow(percent int, need int64, casesPerDay, limitDays float64) string {
	msg := fmt.Sprintf("%d %% of about %.0f cases a day brings %.0f to each arm within hold.timeout, and at least %d are needed",
		percent, casesPerDay, casesPerDay*limitDays*float64(percent)/100, need)
	least := math.Ceil(100 * float64(need) / (casesPerDay * limitDays))
	switch {
	case least <= 50:
		return msg + fmt.Sprintf(": %.0f %% can, or a longer timeout", least)
	case casesPerDay < 1000:
		return msg + ": no percent can; use the policy " + gate.AgentLowTraffic + ", or a longer timeout"
	}
	return msg + ": no percent can; use a longer timeout"
}
