// Package migrate reads what an Unleash holds, from an export file or from a
// running server, and brings it into Lockflight. What cannot be carried is
// named, one Loss each, and never stops the rest. Bringing the same in twice
// changes nothing the second time.
//
// It reads Unleash's public formats alone: the answers of its admin API and the
// file that its export gives. It writes through a Target, so it needs no right
// that the caller has not.
package migrate
