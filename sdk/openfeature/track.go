package openfeature

import (
	"context"

	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk"
)

// Track reports an outcome as evidence, as sdk.Client.Track does: name is a
// signal of the release's policy. The outcome is, of these the first that the
// details have:
//
//   - the attribute "na", true: the signal does not apply to the case;
//   - the attribute "severity", "critical": a critical failure;
//   - the attribute "pass", a boolean: a pass or a failure of a rate;
//   - else the details' value, a measurement, 0 where none was given.
//
// The attributes "case", "flag" and "build" are sdk.Case, sdk.Flag and
// sdk.Build. A context that is in no arm of a running release yields nothing.
func (p *Provider) Track(_ context.Context, name string, ec of.EvaluationContext, details of.TrackingEventDetails) {
	flat := of.FlattenedContext(ec.Attributes())
	if key := ec.TargetingKey(); key != "" {
		flat[of.TargetingKey] = key
	}
	c, err := contextOf(flat)
	if err != nil {
		return
	}
	p.client.Track(name, &c, outcome(details), tracked(details)...)
}

func outcome(details of.TrackingEventDetails) sdk.Outcome {
	if na, _ := details.Attribute("na").(bool); na {
		return sdk.NA()
	}
	if details.Attribute("severity") == "critical" {
		return sdk.Critical()
	}
	if passed, ok := details.Attribute("pass").(bool); ok {
		return sdk.Pass(passed)
	}
	return sdk.Value(details.Value())
}

func tracked(details of.TrackingEventDetails) []sdk.TrackOption {
	var options []sdk.TrackOption
	for name, option := range map[string]func(string) sdk.TrackOption{"case": sdk.Case, "flag": sdk.Flag, "build": sdk.Build} {
		if s, ok := textOf(details.Attribute(name)); ok && s != "" {
			options = append(options, option(s))
		}
	}
	return options
}
