// Package ofrep is the OpenFeature Remote Evaluation Protocol 0.3
// (https://github.com/open-feature/protocol): flags decided here for providers
// of OpenFeature in any language, one flag or all that a token may read, and an
// event stream that says when to ask again (its ADR 8).
//
// What a flag's value is follows from its configuration, since a request does
// not say which type it wants. A flag none of whose variants has a payload is a
// boolean: whether it is on. Any other has the payload that its variant carries,
// as the type that the payload has; where there is none, because it is off or
// the variant has no payload, the answer leaves the value out, and the provider
// takes the default of the code (ADR 6 of the protocol).
package ofrep
