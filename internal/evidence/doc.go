// Package evidence takes observations in: native NDJSON and OTLP/HTTP, each
// line or attribute checked, joined to the release and the arm that it speaks
// of, and stored before it is acknowledged. It neither counts nor judges: what
// is stored are the accepted observations, in commit order, and the fold of
// package gate turns them into snapshots, live and in replay alike. It knows
// no HTTP: callers hand it a body and its content type.
package evidence
