// Command audit measures how long a pack takes to verify without a server, and
// how much memory: a log of a million records over 200,000 resources, in a
// process of its own. Beside it stands the floor, the SHA-256 of the same bytes
// twice over: of the file, which the last line is checked against, and of the
// records, which are the leaves. Each is told in time that passed and in time of
// the processor.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// The limits, for a million records: on one core, so it is the processor's time
// that counts, which other work does not stretch as it does the time that passes.
const (
	timeLimit   = 10 * time.Second
	memoryLimit = 200 << 20 // bytes, as the kernel counts what is resident at most
)

func main() {
	records := flag.Int64("records", 1_000_000, "records of the log")
	resources := flag.Int64("resources", 200_000, "resources that they are about")
	n := flag.Int("rounds", 5, "verifications")
	save := flag.String("save", "", "a directory to write the report to")
	verify := flag.String("verify", "", "a pack to verify, and nothing else")
	floor := flag.String("hash", "", "a pack to hash twice, and nothing else")
	profile := flag.String("profile", "", "with -verify: a file for a profile of the processor")
	flag.Parse()
	run := func() error { return measure(*records, *resources, *n, *save) }
	switch {
	case *verify != "":
		run = func() error { return profiled(*profile, func() error { return check(*verify) }) }
	case *floor != "":
		run = func() error { return hashTwice(*floor) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(records, resources int64, n int, save string) error {
	dir, err := os.MkdirTemp("", "lockflight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "pack")
	size, err := write(file, records, resources)
	if err != nil {
		return err
	}
	var verifies, floors []cost
	var resident int64
	for range n {
		v, used, err := ofProcess("-verify", file)
		if err != nil {
			return err
		}
		floor, _, err := ofProcess("-hash", file)
		if err != nil {
			return err
		}
		verifies, floors, resident = append(verifies, v), append(floors, floor), max(resident, used)
	}
	passed, floor := column(verifies, cost.wall), column(floors, cost.wall)
	spent, floorSpent := column(verifies, cost.processor), column(floors, cost.processor)
	most := spent[len(spent)-1]

	var report rounds.Report
	report.Head(fmt.Sprintf("Verifying a pack of %d records without a server", records))
	report.Printf("%.0f MB, %d resources, %d rounds, each in a process of its own; load %s\n\n", float64(size)/1e6, resources, n, load())
	report.Printf("verify    passed p50 %8v  max %8v   processor p50 %8v  max %8v   limit %v: %s\n",
		median(passed), rounded(passed[len(passed)-1]), median(spent), rounded(most), timeLimit, met(most < timeLimit))
	report.Printf("floor     passed p50 %8v  max %8v   processor p50 %8v  max %8v   SHA-256 of the file, twice\n",
		median(floor), rounded(floor[len(floor)-1]), median(floorSpent), rounded(floorSpent[len(floorSpent)-1]))
	report.Printf("verify is %.1f times the floor in time of the processor\n", spent[len(spent)/2].Seconds()/floorSpent[len(floorSpent)/2].Seconds())
	report.Printf("resident  max %5d MB               limit %d MB: %s\n", resident>>20, memoryLimit>>20, met(resident < memoryLimit))
	fmt.Print(report.String())
	if save != "" {
		if err := report.Save(save, "audit"); err != nil {
			return err
		}
	}
	if most >= timeLimit || resident >= memoryLimit {
		return errors.New("a limit is missed")
	}
	return nil
}

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "missed"
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func median(sorted []time.Duration) time.Duration { return rounded(sorted[len(sorted)/2]) }

// cost is what one run took.
type cost struct{ passed, spent time.Duration }

func (c cost) wall() time.Duration      { return c.passed }
func (c cost) processor() time.Duration { return c.spent }

// column returns one of the two durations of each, sorted.
func column(costs []cost, of func(cost) time.Duration) []time.Duration {
	var all []time.Duration
	for _, c := range costs {
		all = append(all, of(c))
	}
	slices.Sort(all)
	return all
}

// load is how busy the machine is, as Linux tells.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// ofProcess does something to a pack in a process of its own, and returns what
// that took and how much memory was resident at most.
func ofProcess(what, file string) (cost, int64, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, 0, err
	}
	cmd := exec.Command(self, what, file)
	cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, 0, fmt.Errorf("%s of the pack: %w", what, err)
	}
	state := cmd.ProcessState
	return cost{time.Since(begin), state.UserTime() + state.SystemTime()}, residentMax(state), nil
}

// check verifies a pack with the key in it.
func check(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	report, err := audit.VerifyPack(f, info.Size(), audit.Options{})
	if err == nil && !report.OK() {
		err = fmt.Errorf("%d findings, the first: %v", len(report.Findings), report.Findings[0])
	}
	return err
}

func profiled(file string, fn func() error) error {
	if file == "" {
		return fn()
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return fn()
}

// hashTwice is the floor.
func hashTwice(file string) error {
	for range 2 {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		_, err = io.Copy(sha256.New(), f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
