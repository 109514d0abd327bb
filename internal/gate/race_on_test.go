//go:build race

package gate

// raceEnabled makes the simulations small: they have no goroutine to watch.
const raceEnabled = true
