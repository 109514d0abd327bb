// Command loop does one case of one contender n times, and nothing else: what
// a profiler that counts instructions and cache misses is pointed at. Two runs
// that differ in n differ by the loop alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/lockflight/lockflight/test/bench/internal/cases"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

func main() {
	contender := flag.String("contender", "lockflight", "floor, lockflight or handle")
	name := flag.String("case", "H", "A to I")
	n := flag.Int("n", 1_000_000, "how many checks")
	flag.Parse()
	debug.SetGCPercent(-1)
	if err := run(*contender, *name, *n); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(contender, name string, n int) error {
	named, handled, err := cases.Ours()
	if err != nil {
		return err
	}
	for _, c := range []rounds.Contender{cases.Floor(), named, handled} {
		if loop := c.Cases[name]; c.Name == contender && loop != nil {
			loop(n)
			return nil
		}
	}
	return fmt.Errorf("no contender %q with a case %q", contender, name)
}
