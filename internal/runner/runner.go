package runner

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// Options is what a Runner needs.
type Options struct {
	Service    *control.Service
	Evidence   control.EvidenceStore
	Wake       Waker
	Figures    Figures          // of outside sources; where nil, they are missing evidence
	Now        func() time.Time // time.Now where nil
	Logger     *slog.Logger     // none where nil
	Registerer prometheus.Registerer
	// WatchEvery is how often a release is looked at after 100 % where no evidence
	// arrives; 5 seconds where zero.
	WatchEvery time.Duration
	// Coalesce is the shortest time between two evaluations of one release;
	// a second where zero.
	Coalesce time.Duration // Units is how many units of open releases are remembered together;
	// DefaultUnits where zero. The evidence of a release that has more is
	// missing (gate.Room).
	Units int
}

// DefaultUnits is Options.Units where it is zero: about 240 MB with the five
// signals of the default policy.
const DefaultUnits = 2_000_000

// Waker gives hints that there may be something new. Both channels are closed
// when that is so; take them before reading.
type Waker interface {
	Changed() <-chan struct{}
	EvidenceArrived() <-chan struct{}
}

// Runner evaluates the open releases.
type Runner struct {
	o       Options
	metrics *metrics
	room    *gate.Room
	table   atomic.Pointer[table] // never nil

	mu      sync.RWMutex
	flights map[string]*flight // by release
	vigils  map[string]*vigil  // by release
	moved   chan struct{}      // closed at the next change of any of them

	figures chan struct{}  // a source has answered
	ended   chan struct{}  // a release has
	beside  sync.WaitGroup // what runs beside the loop: questions to sources, the sweep
}

// New returns a Runner. It starts nothing.
func New(o Options) *Runner {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Figures == nil {
		o.Figures = noFigures{}
	}
	if o.Coalesce == 0 {
		o.Coalesce = time.Second
	}
	if o.WatchEvery == 0 {
		o.WatchEvery = 5 * time.Second
	}
	room := gate.NewRoom(cmp.Or(o.Units, DefaultUnits))
	r := &Runner{
		o: o, metrics: newMetrics(o.Registerer, room), room: room, flights: map[string]*flight{}, vigils: map[string]*vigil{},
		moved: make(chan struct{}), figures: make(chan struct{}, 1), ended: make(chan struct{}, 1),
	}
	r.table.Store(&table{})
	return r
}

// retryAfter is how long the runner waits after a store that does not answer.
const retryAfter = time.Second

// Run evaluates on new evidence and on time until ctx ends. A store that does
// not answer is asked again: releases hold meanwhile.
func (r *Runner) Run(ctx context.Context) error {
	defer r.beside.Wait()
	r.beside.Go(func() { r.sweep(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		changed, arrived := r.o.Wake.Changed(), r.o.Wake.EvidenceArrived()
		next, err := r.pass(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			r.o.Logger.LogAttrs(ctx, slog.LevelError, "evaluating releases: they hold meanwhile", slog.Any("error", err))
			next, changed, arrived = retryAfter, nil, nil
		}
		timer.Reset(next)
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-arrived:
			for _, v := range r.watched() {
				v.stir = true
			}
		case <-r.figures:
		case <-timer.C:
		}
	}
}

// idle is how long the runner sleeps when nothing is due: a safety net beside
// the wake-ups.
const idle = 5 * time.Second

// pass brings the list of open releases up to date, folds what has arrived,
// and evaluates what is due. It returns how long nothing more is due.
func (r *Runner) pass(ctx context.Context) (time.Duration, error) {
	if err := r.refresh(ctx); err != nil {
		return 0, err
	}
	next := idle
	var errs []error
	for _, f := range r.open() {
		ask := r.poll(ctx, f, r.o.Now())
		wait, err := r.fly(ctx, f)
		errs = append(errs, err)
		next = min(next, wait, ask)
	}
	for _, v := range r.watched() {
		wait, err := r.keep(ctx, v)
		errs = append(errs, err)
		next = min(next, wait)
	}
	return next, errors.Join(errs...)
}

func (r *Runner) open() []*flight {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*flight, 0, len(r.flights))
	for _, f := range r.flights {
		out = append(out, f)
	}
	return out
}

// Load reads the open releases, so that evidence for them is known from the
// first request on. It is for before Run, which does so by itself.
func (r *Runner) Load(ctx context.Context) error { return r.refresh(ctx) }

// refresh reads the open releases. The list is small, and reading it is how a
// replica learns what another, or a person, has done.
func (r *Runner) refresh(ctx context.Context) error {
	open, serving, err := r.read(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attend(serving)
	before := r.flights
	r.flights = map[string]*flight{}
	moved := len(before) != len(open)
	for _, view := range open {
		f := before[view.ID]
		if f == nil {
			f = newFlight(view, r.room)
			moved = true
		}
		moved = f.update(view) || moved
		r.flights[view.ID] = f
		delete(before, view.ID)
	}
	r.land(before)
	if moved {
		r.announce()
	}
	return nil
}

// land gives back the room of releases that are over, to those that had none.
// The caller holds mu.
func (r *Runner) land(over map[string]*flight) {
	for _, f := range over {
		f.ledger.Close()
	}
	if len(over) == 0 {
		return
	}
	select {
	case r.ended <- struct{}{}:
	default: // the sweep is about to look
	}
	for _, f := range r.flights {
		if f.ledger.Overflow() > 0 {
			f.reset()
		}
	}
}

// announce wakes those who wait for a change. The caller holds mu.
func (r *Runner) announce() {
	close(r.moved)
	r.moved = make(chan struct{})
}

// evidenceBatches is how many batches one read takes.
const evidenceBatches = 512

// evidence folds the batches of a release after one.
func (r *Runner) evidence(ctx context.Context, release string, after int64, fold func([]control.EvidenceBatch)) error {
	for {
		batches, err := r.o.Evidence.Evidence(ctx, release, after, evidenceBatches)
		if err != nil {
			return err
		}
		fold(batches)
		if len(batches) < evidenceBatches {
			return nil
		}
		after = batches[len(batches)-1].Seq
	}
}

// fly folds what has arrived for one release and evaluates it where it is due.
func (r *Runner) fly(ctx context.Context, f *flight) (time.Duration, error) {
	if f.view.State == control.Scheduled {
		return r.begin(ctx, f)
	}
	if err := r.evidence(ctx, f.id, f.after, f.fold); err != nil {
		return 0, err
	}
	now := r.o.Now()
	f.fresh = f.fresh || f.told()
	if wait := max(f.due(now, r.o.Coalesce), f.awaits(now)); wait > 0 {
		return wait, nil
	}
	e, write := f.evaluate(now)
	r.metrics.evaluated(e)
	if !write {
		r.tell(f, e, f.view)
		return f.due(r.o.Now(), r.o.Coalesce), nil
	}
	view, err := r.o.Service.Apply(ctx, control.Engine(), e)
	if err != nil {
		f.reset()
		if control.KindOf(err) == control.Conflict {
			return 0, nil // it has moved on: the next pass reads how
		}
		return 0, err
	}
	r.o.Logger.LogAttrs(ctx, slog.LevelInfo, "verdict", slog.String("release", f.id),
		slog.String("verdict", e.Decision.Verdict.String()), slog.String("reason", e.Decision.Reason))
	r.tell(f, e, view)
	return f.due(r.o.Now(), r.o.Coalesce), nil
}

// begin begins a scheduled release whose time has come, and returns how long it
// has not. One that must wait for a calendar, or another release, is asked for
// again and again.
func (r *Runner) begin(ctx context.Context, f *flight) (time.Duration, error) {
	if wait := f.view.StartAt.Sub(r.o.Now()); wait > 0 {
		return wait, nil
	}
	view, err := r.o.Service.BeginRelease(ctx, control.Engine(), f.id, f.view.Rev)
	if err != nil {
		if control.KindOf(err) == control.Conflict {
			return retryAfter, nil // another replica was here, or its clock is not ours
		}
		return 0, err
	}
	if view.State == control.Scheduled {
		return idle, nil
	}
	r.o.Logger.LogAttrs(ctx, slog.LevelInfo, "scheduled release", slog.String("release", f.id), slog.String("state", string(view.State)), slog.String("note", view.Note))
	return 0, nil // the next pass reads it
}

// tell shows others the evaluation, and the release as it is after it.
func (r *Runner) tell(f *flight, e control.Evaluation, view control.ReleaseView) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if view.Rev != f.view.Rev {
		f.take(view)
	}
	f.latest = &e
	r.announce()
}

// Latest returns the newest evaluation of an open release.
func (r *Runner) Latest(release string) (control.Evaluation, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if f := r.flights[release]; f != nil && f.latest != nil {
		return *f.latest, true
	}
	return control.Evaluation{}, false
}

// Mark changes whenever there is something new to tell about an open release.
func (r *Runner) Mark(release string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if f := r.flights[release]; f != nil {
		return f.mark()
	}
	return ""
}

// Await returns when the release was evaluated or changed after mark, with the
// new mark, or when ctx ends, with the old one.
func (r *Runner) Await(ctx context.Context, release, mark string) string {
	for {
		r.mu.RLock()
		moved := r.moved
		r.mu.RUnlock()
		if now := r.Mark(release); now != mark {
			return now
		}
		select {
		case <-ctx.Done():
			return mark
		case <-moved:
		}
	}
}
