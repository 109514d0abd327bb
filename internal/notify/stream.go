package notify

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// Log is the log that is streamed.
type Log interface {
	Events(ctx context.Context, p control.Principal, from int64, limit int) ([]control.Event, error)
	Head(ctx context.Context) (control.Head, error)
}

// Cursors keep how far each stream is. PutCursor MUST NOT return nil before it
// is durable.
type Cursors interface {
	Cursor(ctx context.Context, stream string) (int64, error)
	PutCursor(ctx context.Context, stream string, next int64) error
}

// Options configures Streams.
type Options struct {
	Log        Log
	Cursors    Cursors
	Changed    func() <-chan struct{} // closed when the log grows
	Targets    []Target
	Version    string
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Streams deliver the log to targets: each record at least once, in order, from
// the first record on. A target that fails is tried again for ever.
type Streams struct {
	Options
	lag *prometheus.GaugeVec
}

// New returns Streams. It starts nothing.
func New(o Options) (*Streams, error) {
	seen := map[string]bool{}
	for _, t := range o.Targets {
		if seen[t.Name] {
			return nil, fmt.Errorf("two streams are called %q: give one of them a name", t.Name)
		}
		seen[t.Name] = true
	}
	s := &Streams{o, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "lockflight_audit_stream_lag_records", Help: "Records of the log that a stream has not delivered yet.",
	}, []string{"stream"})}
	if o.Registerer != nil {
		o.Registerer.MustRegister(s.lag)
	}
	return s, nil
}

// Run delivers until ctx ends.
func (s *Streams) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range s.Targets {
		g.Go(func() error { return s.follow(ctx, t) })
	}
	return g.Wait()
}

// The batches of a stream, and how long it waits after a failure: twice as long
// after each, and less by up to a fifth, so that not all come at once.
const (
	streamBatch = 500
	retryFirst  = time.Second
	retryLast   = 5 * time.Minute
)

func (s *Streams) follow(ctx context.Context, t Target) error {
	wait := retryFirst
	for {
		changed := s.Changed()
		more, err := s.deliver(ctx, t)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // what failed was interrupted
		case err == nil && more:
			wait = retryFirst
			continue
		case err == nil:
			wait = retryFirst
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		s.Logger.LogAttrs(ctx, slog.LevelWarn, "streaming the audit log: it waits",
			slog.String("stream", t.Name), slog.Duration("retry_in", wait), slog.Any("error", err))
		select {
		case <-ctx.Done():
		case <-time.After(wait - rand.N(wait/5)): //nolint:gosec // a spread, and no secret
		}
		wait = min(2*wait, retryLast)
	}
}

// deliver sends one batch and moves the cursor, and tells whether there may be
// more.
func (s *Streams) deliver(ctx context.Context, t Target) (more bool, err error) {
	next, err := s.Cursors.Cursor(ctx, t.Name)
	if err != nil {
		return false, err
	}
	head, err := s.Log.Head(ctx)
	if err != nil {
		return false, err
	}
	s.lag.WithLabelValues(t.Name).Set(float64(head.Size - next))
	records, err := s.Log.Events(ctx, control.Engine(), next, streamBatch)
	if err != nil || len(records) == 0 {
		return false, err
	}
	batch := make([]event, 0, len(records))
	for _, e := range records {
		one, err := t.event(e, s.Version)
		if err != nil {
			return false, fmt.Errorf("writing record %d: %w", e.Seq, err)
		}
		batch = append(batch, one)
	}
	if err := t.sink.send(ctx, batch); err != nil {
		return false, err
	}
	next = records[len(records)-1].Seq + 1
	if err := s.Cursors.PutCursor(ctx, t.Name, next); err != nil {
		return false, err
	}
	s.lag.WithLabelValues(t.Name).Set(float64(max(head.Size-next, 0)))
	return len(records) == streamBatch, nil
}

func (t Target) event(e control.Event, version string) (event, error) {
	r, err := audit.Decode(e.Record)
	if err != nil {
		return event{}, err
	}
	line, err := t.Format.render(e, version)
	return event{line, r.Type, r.TS, severity(r)}, err
}
