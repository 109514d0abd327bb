package openfeature

import (
	"errors"
	"strconv"

	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// The keys of the flag metadata that every resolution of a known flag has, as
// far as there is something to say. Those in camel case are what OpenFeature's
// observability appendix looks for.
const (
	metaSource    = "source"    // string: where the configuration came from, an sdk.Source
	metaSeq       = "seq"       // int64: the configuration's sequence number
	metaVersion   = "version"   // string: the same as text
	metaFlagSet   = "flagSetId" // string: the environment
	metaContextID = "contextId" // string: the unit that the release hashes
	metaRelease   = "release"   // string: the id of the running release
	metaArm       = "arm"       // string: treatment, control or rest
	metaBuild     = "build"     // string: the build that the arm gets
)

// reader reads a value from the variant that is served, and names the variant.
// Its errors are of.ResolutionError.
type reader[T any] func(v eval.Variant, fallback T) (value T, variant string, err error)

// resolve evaluates a flag.
func resolve[T any](p *Provider, flag string, fallback T, flat of.FlattenedContext, read reader[T]) of.GenericResolutionDetail[T] {
	ec, err := contextOf(flat)
	if err != nil {
		return failed(fallback, nil, err)
	}
	d := p.client.Decide(flag, &ec)
	if err := fault(flag, &d); err != nil {
		return failed(fallback, nil, err)
	}
	value, variant, err := read(d.Variant, fallback)
	if err != nil {
		return failed(fallback, metadata(&d), err)
	}
	return of.GenericResolutionDetail[T]{Value: value, ProviderResolutionDetail: of.ProviderResolutionDetail{
		Reason: reason(&d), Variant: variant, FlagMetadata: metadata(&d),
	}}
}

// failed is the resolution to the caller's default, because of err.
func failed[T any](fallback T, metadata of.FlagMetadata, err error) of.GenericResolutionDetail[T] {
	resolution, ok := errors.AsType[of.ResolutionError](err)
	if !ok {
		resolution = of.NewGeneralResolutionError(err.Error(), err)
	}
	return of.GenericResolutionDetail[T]{Value: fallback, ProviderResolutionDetail: of.ProviderResolutionDetail{
		ResolutionError: resolution, Reason: of.ErrorReason, FlagMetadata: metadata,
	}}
}

// fault returns why a decision is none, or nil.
func fault(flag string, d *sdk.Decision) error {
	switch {
	case d.Source == sdk.SourceNone:
		return of.NewProviderNotReadyResolutionError("there is no configuration yet")
	case d.Reason == eval.ReasonUnknown:
		return of.NewFlagNotFoundResolutionError("flag " + flag + " not found")
	case d.Reason == eval.ReasonInvalid:
		return of.NewParseErrorResolutionError("flag " + flag + " does not compile: the client's log says why")
	}
	return nil
}

// reason returns the OpenFeature reason of a decision.
func reason(d *sdk.Decision) of.Reason {
	switch {
	case d.Stale:
		return "STALE" // in the specification's list, and not in the SDK's
	case d.Reason == eval.ReasonDisabled:
		return of.DisabledReason
	}
	switch d.Basis {
	case eval.BasisStatic:
		return of.StaticReason
	case eval.BasisDefault:
		return of.DefaultReason
	case eval.BasisTargeting:
		return of.TargetingMatchReason
	case eval.BasisSplit:
		return of.SplitReason
	}
	return of.UnknownReason
}

// metadata returns what is known beside a decision.
func metadata(d *sdk.Decision) of.FlagMetadata {
	m := of.FlagMetadata{metaSource: string(d.Source)}
	if d.Seq != 0 {
		m[metaSeq], m[metaVersion] = d.Seq, strconv.FormatInt(d.Seq, 10)
	}
	if d.Environment != "" {
		m[metaFlagSet] = d.Environment
	}
	if d.Release.Arm != "" {
		m[metaRelease], m[metaArm], m[metaBuild] = d.Release.Release, d.Release.Arm, d.Build
		m[metaContextID] = d.Release.Unit
	}
	return m
}
