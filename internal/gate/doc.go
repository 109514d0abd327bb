// Package gate decides whether a release goes on, waits or goes back.
//
// The path of a decision: observations are folded by a [Ledger] into a
// [Snapshot] of sufficient statistics; a [Progress] turns time and earlier
// verdicts into a [State]; [Decide] maps policy, snapshot and state to a
// [Decision]. [Replay] runs that loop over a file in virtual time, the live
// runner runs the same three parts against the clock. [DecideBuild] is the
// gate before any traffic, over the results of a scenario suite.
//
// The tests are valid however often the gate looks: confidence sequences for
// rates, ranks for quantiles, an e-process for the split of traffic. No
// evidence is HOLD, never success.
//
// It is pure: the same input gives the same output on every machine; no
// clock, no I/O, no log, the standard library alone, and no panic on any
// input. It does not read YAML, does not serve traffic and does not store
// anything; time is always an argument. Sums of products are written
// float64(a*b) + c, because some processors would else fuse them and round
// differently.
package gate
