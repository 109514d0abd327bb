// Package ofhook is an OpenFeature hook that emits OpenTelemetry's
// feature_flag.evaluation event for every evaluation, of any provider.
//
// Of Lockflight's provider it also knows the environment, the version of the
// configuration, and of a running release the unit and the build that its arm
// gets. The events then serve a gate as those of package otel do; one of the
// two is enough.
package ofhook

import (
	"context"

	of "github.com/open-feature/go-sdk/openfeature"
	"go.opentelemetry.io/otel/log"

	"github.com/lockflight/lockflight/sdk/otel/internal/event"
)

var _ of.Hook = (*Hook)(nil)

// Hook emits events. Register it with OpenFeature, with a client or with an
// evaluation.
type Hook struct {
	of.UnimplementedHook

	logger log.Logger
}

// New returns a Hook whose events go to a logger of provider.
func New(provider log.LoggerProvider) *Hook {
	return &Hook{logger: event.NewLogger(provider)}
}

// Finally emits the event of an evaluation, whether it succeeded or not. From
// the flag's metadata it takes contextId, flagSetId and version, as appendix D
// of OpenFeature's specification has it, and Lockflight's build. The value is
// told where there is no variant.
func (h *Hook) Finally(ctx context.Context, hc of.HookContext, d of.InterfaceEvaluationDetails, _ of.HookHints) {
	evaluation := event.Evaluation{
		Key:       hc.FlagKey(),
		Variant:   d.Variant,
		Value:     d.Value,
		Reason:    string(d.Reason),
		ContextID: hc.EvaluationContext().TargetingKey(),
		Provider:  hc.ProviderMetadata().Name,
	}
	for key, field := range map[string]*string{
		"contextId": &evaluation.ContextID,
		"flagSetId": &evaluation.Set,
		"version":   &evaluation.Version,
		"build":     &evaluation.Build,
	} {
		if s, ok := d.FlagMetadata[key].(string); ok {
			*field = s
		}
	}
	if d.Reason == of.ErrorReason {
		evaluation.ErrorType, evaluation.ErrorMessage = string(d.ErrorCode), d.ErrorMessage
		if evaluation.ErrorType == "" {
			evaluation.ErrorType = string(of.GeneralCode)
		}
	}
	evaluation.Emit(ctx, h.logger)
}
