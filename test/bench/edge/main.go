// Command edge measures an edge in a process of its own, in front of a control
// plane of 100 flags: requests a second and their delay beside a plain net/http
// server that answers with as many bytes, which are ready; how long a change
// takes to the last of many streams beside a hub that does nothing else; and
// from a toggle to an SDK. Whoever asks shares the processors with whoever
// answers, and so does the floor's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// The limits, but for those of requests, which are shares of the floor.
const (
	steadyLimit = 5 * time.Millisecond
	memoryLimit = 400 << 20
	manyLimit   = 250 * time.Millisecond // 10,000 streams
	someLimit   = 40 * time.Millisecond  // 1,000 streams
	toggleP50   = 10 * time.Millisecond
	toggleP99   = 50 * time.Millisecond
)

const (
	connections = 64
	changes     = 50
	toggles     = 500
)

var only = flag.String("only", "", "measure only what has this in its name: an answer, toggle, or streams")

func main() {
	if len(os.Args) == 2 && os.Args[1] == "floor" {
		fmt.Fprintln(os.Stderr, serveFloor(context.Background()))
		os.Exit(1)
	}
	rounds.Main(7, 2*time.Second, func(n int, span time.Duration, save string) error {
		return run(context.Background(), n, span, save)
	})
}

// bench is one run and its report.
type bench struct {
	rounds.Report
	*world

	rounds int
	span   time.Duration
	flips  int
	missed int
}

func run(ctx context.Context, n int, span time.Duration, save string) (err error) {
	dir, err := os.MkdirTemp("", "lockflight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{rounds: n, span: span}
	if b.world, err = newWorld(ctx, dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	b.Head("An edge in front of 100 flags")
	err = b.all(ctx)
	b.Printf("\nload average at the end: %s\n", loadAverage())
	fmt.Print(b.String())
	if err != nil {
		return err
	}
	if save != "" {
		if err := b.Save(save, "edge"); err != nil {
			return err
		}
	}
	if b.missed > 0 {
		return fmt.Errorf("%d limits are missed", b.missed)
	}
	return nil
}

func (b *bench) all(ctx context.Context) error {
	if err := b.answers(); err != nil {
		return err
	}
	if wanted("toggle") {
		if err := b.visible(ctx, toggles); err != nil {
			return err
		}
	}
	if !wanted("streams") {
		return nil
	}
	if err := b.fanOut(ctx, 1000, someLimit); err != nil {
		return err
	}
	if err := b.deaf(ctx, 1000, someLimit); err != nil {
		return err
	}
	return b.fanOut(ctx, 10_000, manyLimit)
}

// wanted reports whether a part is to be measured.
func wanted(name string) bool { return strings.Contains(name, *only) }

func (b *bench) met(ok bool) string {
	if ok {
		return "met"
	}
	b.missed++
	return "missed"
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.TrimSpace(string(text))
}
