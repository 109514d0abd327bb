//go:build race

package e2e

// buildFlags are those of the program under test: where the tests run under the
// race detector it does, too.
var buildFlags = []string{"-race"}
