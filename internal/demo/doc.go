// Package demo is `lockflight demo`: a seeded world of services and
// environments, two releases, and a fleet of simulated agents that knows the
// control plane only as any customer would, by its URL and a token. It shows
// what Lockflight does; it is not a test, though it fails when what it shows
// does not happen.
package demo
