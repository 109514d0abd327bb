// Command audit measures how long a pack takes to verify without a server, and
// how much memory: a log of a million records over 200,000 resources, in a
// process of its own. Beside it stands the floor, the SHA-256 of the same bytes
// twice over: of the file, which the last line is checked against, and of the
// records, which are the leaves.
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
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// The limits, for a million records.
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
	profile := flag.String("profile", "", "with -verify: a file for a profile of the processor")
	flag.Parse()
	run := func() error { return measure(*records, *resources, *n, *save) }
	if *verify != "" {
		run = func() error { return profiled(*profile, func() error { return check(*verify) }) }
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
	var took, floors []time.Duration
	var resident int64
	for range n {
		t, used, err := verified(file)
		if err != nil {
			return err
		}
		took, resident = append(took, t), max(resident, used)
		floor, err := hashTwice(file)
		if err != nil {
			return err
		}
		floors = append(floors, floor)
	}
	slices.Sort(took)
	slices.Sort(floors)
	median, floor := took[len(took)/2], floors[len(floors)/2]

	var report rounds.Report
	report.Head(fmt.Sprintf("Verifying a pack of %d records without a server", records))
	report.Printf("%.0f MB, %d resources, %d rounds, each in a process of its own\n\n", float64(size)/1e6, resources, n)
	report.Printf("verify    p50 %8v  max %8v  limit %v: %s\n", rounded(median), rounded(took[len(took)-1]), timeLimit, met(took[len(took)-1] < timeLimit))
	report.Printf("floor     p50 %8v  max %8v  SHA-256 of the file, twice; verify is %.1f times that\n",
		rounded(floor), rounded(floors[len(floors)-1]), median.Seconds()/floor.Seconds())
	report.Printf("resident  max %5d MB               limit %d MB: %s\n", resident>>20, memoryLimit>>20, met(resident < memoryLimit))
	fmt.Print(report.String())
	if save != "" {
		if err := report.Save(save, "audit"); err != nil {
			return err
		}
	}
	if took[len(took)-1] >= timeLimit || resident >= memoryLimit {
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

// verified verifies a pack in a process of its own, and returns how long that
// took and how much memory was resident at most.
func verified(file string) (time.Duration, int64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.Command(self, "-verify", file)
	cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("verify the pack: %w", err)
	}
	return time.Since(begin), residentMax(cmd.ProcessState), nil
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
func hashTwice(file string) (time.Duration, error) {
	begin := time.Now()
	for range 2 {
		f, err := os.Open(file)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(sha256.New(), f)
		if err := errors.Join(err, f.Close()); err != nil {
			return 0, err
		}
	}
	return time.Since(begin), nil
}
