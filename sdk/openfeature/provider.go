// Package openfeature is an OpenFeature provider over package sdk, for
// applications that check flags through OpenFeature's Go SDK.
//
// It maps types, reasons, contexts and events; it decides nothing itself.
// Whoever needs no OpenFeature uses package sdk, which takes a fraction of the
// time and allocates nothing.
//
// # Values
//
// A flag of Lockflight is on or off, and serves a variant with a payload or
// without one. What OpenFeature asks for is read from it so:
//
//   - a boolean is whether the flag is on; where the variant has a payload it
//     is the payload, json true or false, or the string "true" or "false";
//   - a string is a payload of the type string or csv, or a json string;
//   - a float or an integer is a payload of the type number, or a json number;
//     an integer that the number is not exactly is a TYPE_MISMATCH;
//   - an object is a json object (map[string]any) or array ([]any).
//
// Anything else is a TYPE_MISMATCH, and a payload that its own type does not
// parse a PARSE_ERROR. A flag that is off for the context serves the caller's
// default, but for a boolean: there off is false, whatever the default is.
//
// # Reasons
//
// DISABLED: the flag is switched off. SPLIT: a rollout, a release or the
// weights of variants decided. TARGETING_MATCH: a strategy matched the
// context. DEFAULT: none did, or one for all that are left. STATIC: it is the
// same for every context. STALE takes the place of these while the
// configuration is stale.
package openfeature

import (
	"context"
	"sync/atomic"

	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk"
)

// providerName is what OpenFeature and telemetry know the provider by.
const providerName = "lockflight"

var (
	_ of.FeatureProvider          = (*Provider)(nil)
	_ of.ContextAwareStateHandler = (*Provider)(nil)
	_ of.EventHandler             = (*Provider)(nil)
	_ of.Tracker                  = (*Provider)(nil)
)

// Provider serves the flags of an sdk.Client. Any number of goroutines may use
// it.
type Provider struct {
	client *sdk.Client
	events chan of.Event
	// initialized says that Init has answered. Until then its answer is the
	// event, and the client's callbacks are not passed on.
	initialized atomic.Bool
}

// New starts an sdk.Client and returns a Provider over it, to be registered
// with OpenFeature, which shuts both down. The callbacks in options are called
// as well. Errors are those of sdk.New, which never waits for the network.
func New(ctx context.Context, options sdk.Options) (*Provider, error) {
	p := &Provider{events: make(chan of.Event, maxEvents)}
	options.OnReady = p.emitting(of.ProviderReady, "there are flags to serve, and they are up to date", options.OnReady)
	options.OnChanged = p.emitting(of.ProviderConfigChange, "the flags have changed", options.OnChanged)
	options.OnStale = p.emitting(of.ProviderStale, "the flags may be out of date", options.OnStale)
	client, err := sdk.New(ctx, options)
	if err != nil {
		return nil, err
	}
	p.client = client
	return p, nil
}

// Client returns the client that the provider serves.
func (p *Provider) Client() *sdk.Client { return p.client }

// Metadata names the provider.
func (p *Provider) Metadata() of.Metadata { return of.Metadata{Name: providerName} }

// Hooks returns none.
func (p *Provider) Hooks() []of.Hook { return nil }

// BooleanEvaluation resolves a flag to whether it is on, or to a boolean
// payload.
func (p *Provider) BooleanEvaluation(_ context.Context, flag string, fallback bool, flat of.FlattenedContext) of.BoolResolutionDetail {
	return resolve(p, flag, fallback, flat, boolean)
}

// StringEvaluation resolves a flag to a payload that is text.
func (p *Provider) StringEvaluation(_ context.Context, flag, fallback string, flat of.FlattenedContext) of.StringResolutionDetail {
	return resolve(p, flag, fallback, flat, reading(text))
}

// FloatEvaluation resolves a flag to a payload that is a number.
func (p *Provider) FloatEvaluation(_ context.Context, flag string, fallback float64, flat of.FlattenedContext) of.FloatResolutionDetail {
	return resolve(p, flag, fallback, flat, reading(float))
}

// IntEvaluation resolves a flag to a payload that is a whole number.
func (p *Provider) IntEvaluation(_ context.Context, flag string, fallback int64, flat of.FlattenedContext) of.IntResolutionDetail {
	return resolve(p, flag, fallback, flat, reading(integer))
}

// ObjectEvaluation resolves a flag to a payload that is a JSON object or
// array. Each call decodes its own, which the caller may change; its numbers
// are float64.
func (p *Provider) ObjectEvaluation(_ context.Context, flag string, fallback any, flat of.FlattenedContext) of.InterfaceResolutionDetail {
	return resolve(p, flag, fallback, flat, reading(object))
}
