// Package feed follows the committed events of the log and holds, for each
// environment that somebody reads, what its clients are sent: the current
// snapshot, a window of the latest deltas, and the bytes of both, encoded once
// for each revision and shared by everyone who asks. For clients that evaluate
// nothing themselves it decides the flags of a snapshot, compiled once as well.
// It publishes nothing that is not committed and waits for no subscriber.
//
// It is not a store, which is what it reads from, and not HTTP: the packages
// below httpapi write its bytes out.
package feed
