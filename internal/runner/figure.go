package runner

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// Figures asks the outside sources of signals. A figure is finite; an error
// says why there is none, and ends with the context at the latest.
type Figures interface {
	Figure(ctx context.Context, r control.ReleaseView, of *gate.Source, now time.Time) (value float64, at time.Time, err error)
}

// noFigures has no source at all.
type noFigures struct{}

// Figure returns an error.
func (noFigures) Figure(context.Context, control.ReleaseView, *gate.Source, time.Time) (float64, time.Time, error) {
	return 0, time.Time{}, errors.New("no outside source is configured")
}

// figureTimeout bounds a question, and firstFigure how long an evaluation waits
// for the first answer to it: what other signals prove is not kept waiting.
const (
	figureTimeout = 10 * time.Second
	firstFigure   = time.Second
)

// reading is what an outside source said last of one signal.
type reading struct {
	source *gate.Source
	maxAge time.Duration

	mu       sync.Mutex
	asking   bool
	first    time.Time // when it was asked for the first time
	asked    time.Time // when it was asked last
	answered bool
	news     bool // since the last evaluation
	value    float64
	at       time.Time
	err      error
}

// readings returns one for each signal of the policy with an outside source.
func readings(p *gate.Policy) map[string]*reading {
	out := map[string]*reading{}
	for i := range p.Signals {
		if s := &p.Signals[i]; s.Source.Outside() {
			out[s.Name] = &reading{source: s.Source, maxAge: s.Source.OldestFigure()}
		}
	}
	return out
}

// poll asks the sources of a release that are due, each in a goroutine of its
// own, and returns how long none is. A source that is slow keeps nobody waiting.
func (r *Runner) poll(ctx context.Context, f *flight, now time.Time) time.Duration {
	next := idle
	if f.view.State == control.Paused || f.view.State == control.Scheduled {
		return next
	}
	view := f.view
	for _, one := range f.readings {
		every := max(min(time.Duration(f.policy.Hysteresis.EvaluateEvery), one.maxAge/2), r.o.Coalesce)
		wait, ask := one.due(now, every)
		next = min(next, wait)
		if ask {
			r.beside.Go(func() { r.ask(ctx, one, view) })
		}
	}
	return next
}

// due says whether the source is to be asked at now, and notes that it is;
// else how long not.
func (one *reading) due(now time.Time, every time.Duration) (wait time.Duration, ask bool) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.asking {
		return idle, false // its answer wakes the runner
	}
	if wait := one.asked.Add(every).Sub(now); !one.asked.IsZero() && wait > 0 {
		return wait, false
	}
	if one.first.IsZero() {
		one.first = now
	}
	one.asking, one.asked = true, now
	return every, true
}

// ask puts the question, keeps the answer and wakes the runner.
func (r *Runner) ask(ctx context.Context, one *reading, view control.ReleaseView) {
	ctx, cancel := context.WithTimeout(ctx, figureTimeout)
	defer cancel()
	value, at, err := r.o.Figures.Figure(ctx, view, one.source, r.o.Now())
	one.mu.Lock()
	failed := err != nil && one.err == nil
	one.value, one.at, one.err = value, at, err
	one.asking, one.answered, one.news = false, true, true
	one.mu.Unlock()
	if failed && ctx.Err() == nil {
		r.o.Logger.LogAttrs(ctx, slog.LevelWarn, "a source gives no figure: its signal is missing", slog.String("release", view.ID), slog.Any("error", err))
	}
	select {
	case r.figures <- struct{}{}:
	default:
	}
}

// measure returns the evidence at now.
func (one *reading) measure(now time.Time) gate.Measure {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.news = false
	age := max(now.Sub(one.at), 0)
	switch {
	case !one.answered:
		return gate.Measure{Error: "the source has not answered yet"}
	case one.err != nil:
		return gate.Measure{Error: one.err.Error()}
	case age > one.maxAge:
		return gate.Measure{Error: "the newest figure is " + age.Round(time.Second).String() + " old: max_age is " + one.maxAge.String()}
	}
	// The snapshot has a figure of its own: it is decided on, and stored, while
	// the next one may come in.
	return gate.Measure{Treatment: &gate.Arm{Value: new(one.value)}, AgeSeconds: age.Seconds()}
}

// outside adds the figures of outside sources to a snapshot.
func (f *flight) outside(s *gate.Snapshot, now time.Time) {
	for name, one := range f.readings {
		s.Signals[name] = one.measure(now)
	}
}

// told tells whether a source has answered since the last evaluation.
func (f *flight) told() bool {
	for _, one := range f.readings {
		one.mu.Lock()
		news := one.news
		one.mu.Unlock()
		if news {
			return true
		}
	}
	return false
}

// awaits returns how long an evaluation is to wait for first answers.
func (f *flight) awaits(now time.Time) time.Duration {
	wait := time.Duration(0)
	for _, one := range f.readings {
		one.mu.Lock()
		if !one.answered && one.asking {
			wait = max(wait, one.first.Add(firstFigure).Sub(now))
		}
		one.mu.Unlock()
	}
	return wait
}
