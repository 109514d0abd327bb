// Package otel tells OpenTelemetry which unit was served which arm of a
// release: one feature_flag.evaluation event for each exposure of a client.
//
// Lockflight's server reads these events from OTLP as it reads the exposures
// that the client reports by itself; a unit that comes both ways counts once.
// They are for the traces and dashboards of others, and for a gate that is fed
// by a collector.
//
// Checks of flags without a release make no event here. For an event of every
// evaluation check flags through OpenFeature, with the hook of package ofhook.
package otel

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/log"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/otel/internal/event"
)

// providerName is the feature_flag.provider.name of a client's events.
const providerName = "lockflight"

// Hook emits events for a client. Any number of clients may share one.
type Hook struct {
	logger log.Logger
}

// NewHook returns a Hook whose events go to a logger of provider. Its method
// OnExposure belongs in the field of that name of sdk.Options.
func NewHook(provider log.LoggerProvider) *Hook {
	return &Hook{logger: event.NewLogger(provider)}
}

// OnExposure emits the event of an exposure: its reason is split, its variant
// the arm, its context the unit, its flag set the environment, and its version
// the sequence number of the configuration. The build that the arm gets is the
// attribute lockflight.build.id: a unit in control is not served the build
// that service.version names.
func (h *Hook) OnExposure(e sdk.Exposure) {
	evaluation := event.Evaluation{
		Key:       e.Flag,
		Variant:   e.Arm,
		Reason:    "split",
		ContextID: e.Unit,
		Provider:  providerName,
		Set:       e.Environment,
		Build:     e.Build,
	}
	if e.Seq != 0 {
		evaluation.Version = strconv.FormatInt(e.Seq, 10)
	}
	evaluation.Emit(context.Background(), h.logger)
}
