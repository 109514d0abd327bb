// Command eval times a check through the SDK, counting as it always does,
// against the least that it can cost, in one run: cases A to H (package
// cases), and a ninth that makes the context in the loop. It prints the
// medians of interleaved rounds, and how they stand to their limits.
package main

import (
	"fmt"
	"time"

	"github.com/lockflight/lockflight/test/bench/internal/cases"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

func main() { rounds.Main(15, 50*time.Millisecond, run) }

func run(n int, span time.Duration, save string) error {
	named, handled, err := cases.Ours()
	if err != nil {
		return err
	}
	contenders := []rounds.Contender{cases.Floor(), named, handled}
	var report rounds.Report
	report.Head("A check through the SDK, counting on, against its floor")
	report.Printf("Medians of %d interleaved rounds of %v of processor time, those of ratios within rounds.\n\n", n, span)
	table := rounds.Run(contenders, n, span)
	report.Table(table, contenders)
	v := verdicts{report: &report}
	v.checks(table)
	if err := v.deltas(); err != nil {
		return err
	}
	if err := v.swaps(); err != nil {
		return err
	}
	fmt.Print(report.String())
	if save != "" {
		if err := report.Save(save, "eval"); err != nil {
			return err
		}
	}
	if v.missed > 0 {
		return fmt.Errorf("%d limits are missed", v.missed)
	}
	return nil
}

// limits are how many times its floor a case may cost.
var limits = []struct {
	name, floor string
	times       float64
}{
	{"A", "A", 2.5},
	{"B", "C", 1.6},
	{"C", "C", 1.5},
	{"D", "D", 1.6},
	{"E", "C", 1.6},
	{"F", "C", 1.6},
	{"G", "G", 2},
	{"H", "H", 1.8},
}

// verdicts report what was measured against its limit, and count the misses.
type verdicts struct {
	report *rounds.Report
	missed int
}

// limit ends a line with whether what it tells met its limit.
func (v *verdicts) limit(met bool) {
	if met {
		v.report.Printf(": met\n")
		return
	}
	v.missed++
	v.report.Printf(": missed\n")
}

// checks judges the cases.
func (v *verdicts) checks(table rounds.Table) {
	for _, l := range limits {
		ours := table["lockflight"][l.name]
		ratio := ours.Over(table["floor"][l.floor])
		v.report.Printf("%s: %.2f of the floor's %s, limit %.1f, %.3g allocations", l.name, ratio, l.floor, l.times, ours.Allocations)
		v.limit(ratio <= l.times && ours.Allocations == 0)
	}
	made := table["lockflight"]["I"].Allocations
	v.report.Printf("I: %.3g allocations, limit 1", made)
	v.limit(made <= 1)
	v.report.Printf("\n")
}
