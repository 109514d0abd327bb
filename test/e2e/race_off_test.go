//go:build !race

package e2e

// buildFlags are those of the program under test.
var buildFlags []string

// slowdown is by how much the program is slower than it should be.
const slowdown = 1
