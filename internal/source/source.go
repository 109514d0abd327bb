package source

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// ImpactReader is what is read of the impact metrics.
type ImpactReader interface {
	ImpactWindows(ctx context.Context, of control.ImpactFilter) ([]control.ImpactWindow, error)
}

// Options is what Sources needs.
type Options struct {
	Prometheus string       // base URL of a server; none where empty
	Impact     ImpactReader // none where nil
}

// Sources asks each signal's source. It is safe for concurrent use.
type Sources struct {
	prometheus *prometheus
	impact     ImpactReader
}

// New returns Sources. The error says what is wrong with the address.
func New(o Options) (*Sources, error) {
	s := &Sources{impact: o.Impact}
	if o.Prometheus == "" {
		return s, nil
	}
	var err error
	s.prometheus, err = newPrometheus(o.Prometheus)
	return s, err
}

// Figure returns the figure of a signal with an outside source, for a release,
// as of now. It is finite and not older than the source's max_age. The error
// says why there is none.
func (s *Sources) Figure(ctx context.Context, r control.ReleaseView, of *gate.Source, now time.Time) (float64, time.Time, error) {
	value, at, err := s.ask(ctx, r, of, now)
	if err != nil {
		return 0, time.Time{}, err
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, time.Time{}, fmt.Errorf("the figure is %v, which is none", value)
	}
	if age := now.Sub(at).Abs(); age > of.OldestFigure() {
		return 0, time.Time{}, fmt.Errorf("the figure is of %s, %v from now: max_age is %v", at.UTC().Format(time.RFC3339), age.Round(time.Second), of.OldestFigure())
	}
	return value, at, nil
}

func (s *Sources) ask(ctx context.Context, r control.ReleaseView, of *gate.Source, now time.Time) (float64, time.Time, error) {
	switch {
	case of.PromQL != "" && s.prometheus == nil:
		return 0, time.Time{}, errors.New("no Prometheus server is configured: start the server with --prometheus-url")
	case of.PromQL != "":
		return s.prometheus.query(ctx, expand(of.PromQL, r), of.OldestFigure())
	case of.ImpactMetric != "" && s.impact != nil:
		return impact(ctx, s.impact, control.ImpactFilter{
			Environment: r.Environment, Metric: of.ImpactMetric, Since: now.Add(-of.OldestFigure()), Until: now.Add(time.Minute),
		}, now)
	}
	return 0, time.Time{}, errors.New("the signal has no outside source")
}
