// Package edge follows a control plane, or another edge, and holds what SDKs
// near it are served: a feed for each scope that a token reads, which tokens are
// valid, and what clients have reported until it is passed on. It goes on with
// what it has when the upstream is away, and over a restart with what it has
// written to its backup.
//
// It serves no requests itself: the packages below httpapi do, from its Feed.
package edge
