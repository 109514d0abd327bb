// Command peers times other people's Go SDKs on the cases of a check (package
// cases) in the same run as this project's SDK and the floor, and prints what
// each takes and how many times ours that is. It checks first that each
// answers as the case says.
package main

import (
	"fmt"
	"time"

	"github.com/lockflight/lockflight/test/bench/internal/cases"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

func main() { rounds.Main(7, 40*time.Millisecond, run) }

func run(n int, span time.Duration, save string) error {
	ours, _, err := cases.Ours()
	if err != nil {
		return err
	}
	contenders := []rounds.Contender{cases.Floor(), ours}
	for _, open := range []func() (peer, error){growthBook, launchDarkly, openFeature} {
		p, err := open()
		if err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		contenders = append(contenders, p.contender())
	}
	var report rounds.Report
	report.Head("A check by several SDKs, in process")
	report.Printf("Medians of %d interleaved rounds of %v. Ours counts every check; GrowthBook and the\n"+
		"OpenFeature provider count nothing, and LaunchDarkly sends no events. Answers were checked.\n\n", n, span)
	table := rounds.Run(contenders, n, span)
	report.Table(table, contenders)
	compare(&report, table, contenders)
	fmt.Print(report.String())
	if save == "" {
		return nil
	}
	return report.Save(save, "peers")
}

// compare reports how many times ours each peer takes, and which comes closest.
func compare(report *rounds.Report, table rounds.Table, contenders []rounds.Contender) {
	for _, name := range rounds.Cases {
		ours := table["lockflight"][name].Nanoseconds
		closest, least := "", 0.0
		for _, c := range contenders[2:] {
			if theirs, ok := table[c.Name][name]; ok {
				ratio := theirs.Nanoseconds / ours
				if closest == "" || ratio < least {
					closest, least = c.Name, ratio
				}
			}
		}
		if closest != "" {
			report.Printf("%s: the closest is %s, at %.1f times ours\n", name, closest, least)
		}
	}
}
