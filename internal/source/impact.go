package source

import (
	"context"
	"fmt"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// impact returns what an impact metric says over the time of the filter, all
// its series and applications together: a counter's growth a second, from the
// first minute with a report to the end of the last one, or the mean of a gauge
// or a histogram. It is of the end of the last minute.
func impact(ctx context.Context, from ImpactReader, of control.ImpactFilter, now time.Time) (float64, time.Time, error) {
	windows, err := from.ImpactWindows(ctx, of)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("reading impact metrics: %w", err)
	}
	if len(windows) == 0 {
		return 0, time.Time{}, fmt.Errorf("nobody reported the impact metric %q in %s since %s", of.Metric, of.Environment, of.Since.UTC().Format(time.TimeOnly))
	}
	typ, sum, count := windows[0].Type, 0.0, int64(0)
	first, last := windows[0].Start, windows[0].Start
	for _, w := range windows {
		if w.Type != typ {
			return 0, time.Time{}, fmt.Errorf("the impact metric %q is a %s in one series and a %s in another", of.Metric, typ, w.Type)
		}
		sum, count = sum+w.Sum, count+w.Count
		if w.Start.Before(first) {
			first = w.Start
		}
		if w.Start.After(last) {
			last = w.Start
		}
	}
	end := last.Add(time.Minute)
	at := end
	if at.After(now) { // of the minute that is not over
		at = now
	}
	if typ == control.ImpactCounter {
		return sum / end.Sub(first).Seconds(), at, nil
	}
	return sum / float64(count), at, nil
}
