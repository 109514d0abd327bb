// Command plane measures a control plane of 10,000 flags in 500 environments of
// projects, on SQLite and durable, in a process of its own: how long it takes
// to start, to make a change and to tell those who follow it, what a client's
// document costs, and how much memory all of it takes. Beside each time it
// prints the floor that was measured in the same run: what the disk takes to
// make a page durable, what the network takes for the same bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lockflight/lockflight/test/bench/internal/process"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

func main() {
	data := flag.String("data", "", "a directory that holds the world, or will; a temporary one where empty")
	save := flag.String("save", "", "a directory to write the report to")
	flag.Parse()
	if err := run(context.Background(), *data, *save); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data, save string) error {
	scratch, err := os.MkdirTemp("", "lockflight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if data == "" {
		data = filepath.Join(scratch, "data")
	}
	binary, err := process.Build(ctx, scratch)
	if err != nil {
		return err
	}
	var report rounds.Report
	report.Head("A control plane of 10,000 flags in 500 environments of projects")
	report.Printf("%d projects, %d environments, %d flags, each configured in half of them; %d segments; SQLite, synchronous=FULL.\n\n",
		projects, environments, flags, segments)
	b := &bench{Report: &report, binary: binary, data: data}
	err = b.run(ctx)
	fmt.Print(report.String())
	if err != nil {
		return err
	}
	if save != "" {
		if err := report.Save(save, "plane"); err != nil {
			return err
		}
	}
	if b.missed > 0 {
		return fmt.Errorf("%d limits are missed", b.missed)
	}
	return nil
}
