// Package source asks the outside sources of a policy's signals: a Prometheus
// server, and the impact metrics that Unleash's SDKs report here. What it
// returns is one figure and the moment that it is of.
//
// A source that does not answer, answers too late, with something else than one
// finite figure, or with an old one, gives an error, which is missing evidence.
// The package decides nothing and keeps nothing.
package source
