package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// report prints a result, and writes it to a file of the directory out, where
// one is given, named by day and commit.
func report(ctx context.Context, r Result, gaps []Gap, dir, out string) error {
	commit, err := commitOf(ctx)
	if err != nil {
		return err
	}
	version, err := versionOf(dir)
	if err != nil {
		return err
	}
	today := time.Now().UTC().Format(time.DateOnly)
	var b bytes.Buffer
	fmt.Fprintf(&b, "unleash-server %s beside Lockflight %s, %s, %s/%s with %d CPUs, %s\n\n",
		version, commit, today, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, d := range r.Wrong {
		fmt.Fprintf(&b, "SCRIPT %s: %s\n", d.Request, d.What)
	}
	for _, d := range r.Found {
		fmt.Fprintf(&b, "DIFFERS %s\n  %s: %s\n", d.Request, d.Path, d.What)
	}
	for _, g := range r.Stale {
		fmt.Fprintf(&b, "STALE %s\n  %s: differs no more; remove it from the baseline\n", g.Request, g.Path)
	}
	for _, g := range gaps {
		fmt.Fprintf(&b, "known  %s\n  %s: %s\n", g.Request, g.Path, strings.Join(strings.Fields(g.Reason), " "))
	}
	fmt.Fprintf(&b, "\n%d requests, of which %d may not differ at all; %d differences, %d known ones of at most %d, %d stale, %d of the script\n",
		r.Steps, r.Strict, len(r.Found), r.Gaps, mostGaps, len(r.Stale), len(r.Wrong))
	fmt.Print(b.String())
	if out == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(out, today+"-"+commit+"-unleash-server.txt"), b.Bytes(), 0o644)
}

// commitOf names what is checked out, and says where it was changed since.
func commitOf(ctx context.Context) (string, error) {
	said, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*").Output()
	return strings.TrimSpace(string(said)), err
}

// versionOf returns the version of the server that is installed in dir.
func versionOf(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "unleash-server", "package.json"))
	if err != nil {
		return "", err
	}
	var doc struct{ Version string }
	return doc.Version, json.Unmarshal(text, &doc)
}
