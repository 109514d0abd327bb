// Command verdict measures how fast bad evidence takes a release back: from the
// first bad case, at 100 cases a second, to the stored ROLLBACK, and from there
// to the last of 1,000 streaming SDKs that serves control. Server and SDKs share
// one process, on SQLite and durable. Beside the times it prints how late the
// processor was for a timer in the same minutes: what no program can be faster
// than.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// The limits.
const (
	decideLimit = 2 * time.Second        // from the first bad case to the verdict
	serveLimit  = 250 * time.Millisecond // from the verdict to the last SDK
)

func main() {
	clients := flag.Int("clients", 1000, "streaming SDKs")
	n := flag.Int("rounds", 20, "releases that are rolled back")
	save := flag.String("save", "", "a directory to write the report to")
	flag.Parse()
	if err := run(context.Background(), *clients, *n, *save); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, clients, n int, save string) (err error) {
	dir, err := os.MkdirTemp("", "lockflight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := newWorld(ctx, dir, clients)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }() //nolint:contextcheck // ends what has a context of its own

	late := watchLateness()
	var decided, served []time.Duration
	for i := range n {
		good := time.Duration(0)
		if i%2 == 1 { // every other build turns bad after a while
			good = 5 * time.Second
		}
		d, s, err := w.round(ctx, i, good)
		if err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		decided, served = append(decided, d), append(served, s)
	}

	var report rounds.Report
	report.Head(fmt.Sprintf("From bad evidence to control, with %d streaming SDKs", clients))
	report.Printf("%d releases by agent-default at 10 %%, 100 cases a second of five signals; in every other one the build turns\n"+
		"bad after 5 s of good cases. Evaluation is coalesced at 1 s.\n\n", n)
	missed := line(&report, "first bad case to the stored verdict", decided, decideLimit) +
		line(&report, "verdict to the last SDK serving control", served, serveLimit)
	lateness := late()
	report.Printf("%-42s p50 %8v  p99 %8v  max %8v\n", "floor: a timer of 1 ms was late by",
		at(lateness, .5), at(lateness, .99), at(lateness, 1))
	report.Printf("\nload average at the end: %s\n", loadAverage())
	fmt.Print(report.String())
	if save != "" {
		if err := report.Save(save, "verdict"); err != nil {
			return err
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d limits are missed", missed)
	}
	return nil
}

// line reports times against the limit of their p99, and returns 1 where it is
// missed.
func line(r *rounds.Report, what string, times []time.Duration, limit time.Duration) int {
	slices.Sort(times)
	missed, word := 0, "met"
	if at(times, .99) > limit {
		missed, word = 1, "missed"
	}
	r.Printf("%-42s p50 %8v  p99 %8v  max %8v  limit %v: %s\n", what, at(times, .5), at(times, .99), at(times, 1), limit, word)
	return missed
}

// at returns a quantile of sorted times, to the tenth of a millisecond.
func at(sorted []time.Duration, q float64) time.Duration {
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[max(i, 0)].Round(100 * time.Microsecond)
}

// watchLateness measures how late timers fire until the function that it
// returns is called, which returns the sorted delays.
func watchLateness() func() []time.Duration {
	done, out := make(chan struct{}), make(chan []time.Duration)
	go func() {
		var late []time.Duration
		for {
			begin := time.Now()
			select {
			case <-done:
				slices.Sort(late)
				out <- late
				return
			case <-time.After(time.Millisecond):
				late = append(late, time.Since(begin)-time.Millisecond)
			}
		}
	}()
	return func() []time.Duration {
		close(done)
		return <-out
	}
}

// loadAverage is what the system says of it, where it does.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return string(text[:min(len(text), 14)])
}
