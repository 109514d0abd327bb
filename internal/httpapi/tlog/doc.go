// Package tlog serves the audit log as C2SP tlog-tiles, at /audit/log: the
// newest checkpoint, the tiles of its tree, bundles of its records, and proofs
// of inclusion and consistency. Whoever has a token may read checkpoints and
// proofs of consistency, which hold nothing but hashes, so that every edge can
// be a witness; records, and the hashes of single ones, need audit.read.
//
// It is not where the log is written or verified: that is internal/store's and
// internal/audit's.
package tlog
