//go:build race

package e2e

// buildFlags are those of the program under test: where the tests run under the
// race detector it does, too.
var buildFlags = []string{"-race"}

// slowdown is by how much the race detector may slow the program down.
const slowdown = 4
