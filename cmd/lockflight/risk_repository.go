package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/lockflight/lockflight/internal/codescan/risk"
)

// repositoryOf finds what counts of a repository: callers in Go, and the history
// of the files that the diff changes.
func repositoryOf(ctx context.Context, dir, diff string) (*risk.Repository, error) {
	if _, err := git(ctx, dir, "rev-parse", "HEAD"); err != nil {
		return nil, fmt.Errorf("--repo %s: %w", dir, err)
	}
	facts := &risk.Repository{}
	if raw, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
		files, err := git(ctx, dir, "ls-files", "-z", "*.go")
		if err != nil {
			return nil, err
		}
		facts.Callers = risk.Callers(diff, modfile.ModulePath(raw), contents(dir, strings.Split(files, "\x00")))
	}
	for _, path := range risk.Paths(diff) {
		fixes, authors, err := history(ctx, dir, path)
		if err != nil {
			return nil, err
		}
		if fixes >= 3 {
			facts.FixedUp++
		}
		facts.Authors = max(facts.Authors, authors)
	}
	return facts, nil
}

// contents reads files of a repository. Those that cannot be read, such as links
// to nowhere, are left out.
func contents(dir string, names []string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, name := range names {
			if raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err == nil && !yield(name, raw) {
				return
			}
		}
	}
}

// history returns how many commits of the last 180 days before HEAD fixed a file,
// and how many people have changed it since. The days count back from HEAD and
// not from today, so that the answer does not change by waiting.
func history(ctx context.Context, dir, path string) (fixes, authors int, err error) {
	head, err := git(ctx, dir, "show", "--no-patch", "--format=%ct", "HEAD")
	if err != nil {
		return 0, 0, err
	}
	var at int64
	if _, err := fmt.Sscan(head, &at); err != nil {
		return 0, 0, fmt.Errorf("git: the time of HEAD is %q", head)
	}
	log, err := git(ctx, dir, "log", fmt.Sprintf("--since=@%d", at-180*24*3600), "--format=%ae%x09%s", "--", path)
	if err != nil {
		return 0, 0, err
	}
	people := map[string]bool{}
	for line := range strings.Lines(log) {
		author, subject, _ := strings.Cut(line, "\t")
		people[author] = true
		if subject = strings.ToLower(subject); strings.Contains(subject, "fix") || strings.Contains(subject, "revert") {
			fixes++
		}
	}
	return fixes, len(people), nil
}

// git runs git in a directory and returns what it prints.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return "", fmt.Errorf("git %s: %s\nhint: give a diff as a file, or - for standard input", args[0], first)
	case err != nil:
		return "", fmt.Errorf("git: %w", err)
	}
	return string(out), nil
}
