// Package audit is the Merkle log over events: the bytes of a record, the
// tree over them, signed checkpoints, inclusion proofs, and the offline
// verification of a whole log or of one exported file.
//
// The tree is that of RFC 9162 section 2.1 (the same as RFC 6962), checkpoints
// and proof files follow C2SP (tlog-checkpoint, signed-note, tlog-proof), and
// documents are hashed in the canonical form of RFC 8785.
//
// It is not where the log lives: internal/store writes records and hashes in
// the transaction of the change they tell of. It has no clock, no database and
// no network; what it reads and writes comes in as arguments, so that whoever
// checks a log needs this package and nothing of the server.
package audit
