// Package evidence takes observations in: native NDJSON and OTLP, each line or
// attribute checked, joined to the release and the arm that it speaks of, and
// stored before it is acknowledged. What only a whole trace shows is
// stored when the trace has settled. It neither counts nor decides: what
// is stored are the accepted observations, in commit order, and the fold of
// package gate turns them into snapshots, live and in replay alike. It knows
// no HTTP: callers hand it a body and its content type.
package evidence
