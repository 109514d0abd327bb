// Package store keeps Lockflight's state in SQLite or PostgreSQL: it
// implements control.Store, control.EvidenceStore and control.UsageStore over
// database/sql with one SQL text for both engines. Writers are serial, the
// log's sequence numbers are gapless and in commit order, and an event and its
// Merkle hashes are written in the transaction of the change they record.
//
// It is not where rules live: it stores documents and records as bytes and
// looks into neither. Package storetest is its contract as a test suite.
package store
