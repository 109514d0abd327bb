// Package eventtest keeps in memory what OpenTelemetry's log SDK exports, for
// the tests of this module.
package eventtest

import (
	"context"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// Event is an exported log record: its name, its scope, whether it is dated,
// its attributes, and the trace that it is in, "" for none.
type Event struct {
	Name, Scope, Trace string
	Dated              bool
	Attributes         map[string]any
}

// Exporter collects events.
type Exporter struct {
	mu     sync.Mutex
	events []Event
}

// New returns a provider of loggers whose records the Exporter gets at once.
func New(t testing.TB) (log.LoggerProvider, *Exporter) {
	t.Helper()
	e := &Exporter{}
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(e)))
	t.Cleanup(func() {
		if err := provider.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return provider, e
}

// Events returns what was exported so far.
func (e *Exporter) Events() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Event(nil), e.events...)
}

// Export takes records.
func (e *Exporter) Export(_ context.Context, records []sdklog.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range records {
		r := &records[i]
		event := Event{
			Name: r.EventName(), Scope: r.InstrumentationScope().Name, Dated: !r.Timestamp().IsZero(),
			Attributes: make(map[string]any),
		}
		if id := r.TraceID(); id.IsValid() {
			event.Trace = id.String()
		}
		r.WalkAttributes(func(a attribute.KeyValue) bool {
			event.Attributes[string(a.Key)] = a.Value.AsInterface()
			return true
		})
		e.events = append(e.events, event)
	}
	return nil
}

// ForceFlush has nothing to do.
func (e *Exporter) ForceFlush(context.Context) error { return nil }

// Shutdown has nothing to do.
func (e *Exporter) Shutdown(context.Context) error { return nil }
