// Package unleash speaks the HTTP API of Unleash: its client API (features,
// delta, streaming, register, metrics), its frontend API, which evaluates for
// browsers, what its Edge calls, the probes, and the part of its admin API
// that flags, strategies, segments, projects, environments and tokens need, so
// that Unleash's SDKs and tools work unchanged. It is a translation: every rule
// is in control, every prepared byte and compiled flag comes from feed.
package unleash
