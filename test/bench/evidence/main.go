// Command evidence measures how fast observations are taken in: native lines,
// and OTLP spans and logs as protobuf beside a plain decode of the same bytes
// (collector's pdata), which is the floor. It counts the processor time of
// interleaved rounds.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

func main() {
	rounds.Main(15, 100*time.Millisecond, func(n int, span time.Duration, save string) error {
		return run(context.Background(), n, span, save)
	})
}

func run(ctx context.Context, n int, span time.Duration, save string) error {
	dir, err := os.MkdirTemp("", "lockflight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	defer db.Close()
	contenders, err := contenders(ctx, db)
	if err != nil {
		return err
	}
	var report rounds.Report
	report.Head("Evidence taken in, and the decoding of the same bytes")
	report.Printf("Medians of %d interleaved rounds of %v of processor time; requests of %d.\n", n, span, perBody)
	v := verdicts{report: &report}
	v.judge(rounds.Run(contenders, n, span))
	fmt.Print(report.String())
	if save != "" {
		if err := report.Save(save, "evidence"); err != nil {
			return err
		}
	}
	if v.missed > 0 {
		return fmt.Errorf("%d limits are missed", v.missed)
	}
	return nil
}

// The cases, by the letters that package rounds has for them; the native ones
// run on two cores, half of the requests on each.
const (
	asSpans = "A"
	asLogs  = "B"
	asLines = "G"
)

// The limits: how many times its floor a span's event may cost, and how many native
// observations two processors take in a second.
const (
	otlpLimit   = 2.5
	nativeLimit = 300_000
)

// The contenders: the floor, the reading alone, and the reading with what
// makes it durable: SQLite, synchronous=FULL.
const (
	decoding = "decode"
	reading  = "read"
	durable  = "durable"
	folding  = "fold"
)

type verdicts struct {
	report *rounds.Report
	missed int
}

func (v *verdicts) judge(table rounds.Table) {
	for _, c := range []struct{ name, title string }{
		{asSpans, "OTLP spans, each with an exposure and 3 evaluations as events, by event"},
		{asLogs, "OTLP logs, exposures and evaluations in turn, by record"},
	} {
		floor := table[decoding][c.name]
		v.report.Printf("\n%s\n", c.title)
		v.line("plain decode", floor)
		for _, name := range []string{reading, durable} {
			r := table[name][c.name]
			v.line(name, r)
			if c.name == asSpans {
				v.limit(fmt.Sprintf("%.2f times the decode, limit %.1f", r.Over(floor), otlpLimit), r.Over(floor) <= otlpLimit)
			} else {
				v.report.Printf("%-32s %.2f times the decode\n", "", r.Over(floor))
			}
		}
	}
	v.report.Printf("\nNative observations, exposures and outcomes in turn, on two cores, by observation\n")
	for _, name := range []string{reading, durable} {
		r := table[name][asLines]
		v.line(name, r)
		// A case on two cores counts half of what both spend.
		v.limit(fmt.Sprintf("%.0f a second on 2 processors, limit %d", 1e9/r.Nanoseconds, nativeLimit), 1e9/r.Nanoseconds >= nativeLimit)
	}
	v.line("the gate's fold, on two cores", table[folding][asLines])
}

func (v *verdicts) line(name string, r rounds.Result) {
	v.report.Printf("%-32s %8.0f ns of processor time (%.3g allocations)\n", name, r.Nanoseconds, r.Allocations)
}

func (v *verdicts) limit(what string, met bool) {
	word := "met"
	if !met {
		word = "missed"
		v.missed++
	}
	v.report.Printf("%-32s %s: %s\n", "", what, word)
}
