package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/lockflight/lockflight/test/postgres"
)

func main() {
	binary := flag.String("lockflight", "", "the binary to compare")
	dir := flag.String("dir", "conformance/unleashserver", "where script, rules, baseline and node_modules are")
	out := flag.String("results", "", "a directory to write the result to, as well")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := conform(ctx, *binary, *dir, *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
	}
	if err != nil || failed {
		stop()
		os.Exit(1)
	}
}

// conform compares the binary with the server that is installed in dir, and
// reports whether they differ by more than the baseline.
func conform(ctx context.Context, binary, dir, out string) (failed bool, err error) {
	steps, err := readScript(filepath.Join(dir, "script"))
	if err != nil {
		return false, err
	}
	known, err := readBaseline(filepath.Join(dir, "baseline.yml"), steps)
	if err != nil {
		return false, err
	}
	var r rules
	if err := readYAML(filepath.Join(dir, "rules.yml"), &r); err != nil {
		return false, err
	}
	database, err := postgres.Create(ctx)
	if err != nil {
		return false, err
	}
	theirs, err := startUnleash(ctx, dir, database)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, theirs.stop()) }()
	data, err := os.MkdirTemp("", "lockflight-conformance-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	ours, err := startLockflight(ctx, binary, data)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	documented, err := readSchemas(ctx, theirs.url)
	if err != nil {
		return false, err
	}
	run := runner{theirs: newClient(theirs.url, r), ours: newClient(ours.url, r), schemas: documented, baseline: known}
	result, err := run.run(ctx, steps)
	if err != nil {
		return false, err
	}
	return result.Failed(), report(ctx, result, known.gaps, dir, out)
}
