// Package event writes OpenTelemetry's feature_flag.evaluation event. It
// decides nothing: what is not known is left out.
package event

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

const (
	// name is the event's name in the semantic conventions, in which this event
	// is the same from 1.40 to 1.44.
	name = "feature_flag.evaluation"
	// build is an attribute of Lockflight's own: the build that was served,
	// where service.version does not say.
	build = attribute.Key("lockflight.build.id")
	// scope names the library that emits.
	scope = "github.com/lockflight/lockflight/sdk/otel"
)

// NewLogger returns the logger of provider that evaluations are emitted to.
func NewLogger(provider log.LoggerProvider) log.Logger {
	return provider.Logger(scope, log.WithSchemaURL(semconv.SchemaURL))
}

// Evaluation is what an event says. A field at its zero value is not known,
// and has no attribute.
type Evaluation struct {
	Key          string
	Variant      string
	Value        any    // only told where there is no Variant
	Reason       string // in either case; "" is unknown
	ContextID    string
	Provider     string
	Set          string
	Version      string
	Build        string
	ErrorType    string // in either case
	ErrorMessage string
}

// Emit emits the event, with the trace that ctx is in, unless nobody listens.
func (e *Evaluation) Emit(ctx context.Context, logger log.Logger) {
	if !logger.Enabled(ctx, log.EnabledParameters{Severity: log.SeverityInfo, EventName: name}) {
		return
	}
	var r log.Record
	r.SetEventName(name)
	r.SetTimestamp(time.Now())
	r.SetSeverity(log.SeverityInfo)
	reason := e.Reason
	if reason == "" {
		reason = "unknown"
	}
	for _, a := range []attribute.KeyValue{
		semconv.FeatureFlagKey(e.Key),
		semconv.FeatureFlagResultVariant(e.Variant),
		semconv.FeatureFlagResultReasonKey.String(strings.ToLower(reason)),
		semconv.FeatureFlagContextID(e.ContextID),
		semconv.FeatureFlagProviderName(e.Provider),
		semconv.FeatureFlagSetID(e.Set),
		semconv.FeatureFlagVersion(e.Version),
		build.String(e.Build),
		semconv.ErrorTypeKey.String(strings.ToLower(e.ErrorType)),
		semconv.FeatureFlagErrorMessage(e.ErrorMessage),
	} {
		if a.Value.AsString() != "" {
			r.AddAttributes(a)
		}
	}
	if e.Variant == "" && e.Value != nil {
		r.AddAttributes(attribute.KeyValue{Key: semconv.FeatureFlagResultValueKey, Value: value(e.Value)})
	}
	logger.Emit(ctx, r)
}

// value returns v as an attribute, what has parts as JSON.
func value(v any) attribute.Value {
	switch v := v.(type) {
	case bool:
		return attribute.BoolValue(v)
	case string:
		return attribute.StringValue(v)
	case int64:
		return attribute.Int64Value(v)
	case float64:
		return attribute.Float64Value(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return attribute.StringValue("")
	}
	return attribute.StringValue(string(b))
}
