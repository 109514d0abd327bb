package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockflight/lockflight/internal/codescan"
	"github.com/lockflight/lockflight/internal/worktree"
)

type scanCmd struct {
	format
	Dir      string   `arg:"" optional:"" default:"." type:"existingdir" help:"The tree to read."`
	Key      []string `help:"Flags to look for besides those that the tree checks."`
	Check    []string `help:"Functions of the tree's own that take a flag's key."`
	Comments bool     `help:"Report references in comments too."`
	All      bool     `help:"Print each reference, not a summary."`
}

// Run prints where the tree refers to flags.
func (c *scanCmd) Run(ctx context.Context, s streams) error {
	facts, err := worktree.Facts(c.Dir)
	if err != nil {
		return err
	}
	report := codescan.Resolve(facts, codescan.Options{
		Keys: c.Key, Checks: c.Check, Comments: c.Comments, Today: time.Now().UTC().Format(time.DateOnly),
	})
	rev := worktree.RevisionOf(ctx, c.Dir)
	report.Repository, report.Revision, report.Branch = rev.Repository, rev.Commit, rev.Branch
	switch {
	case c.Output == "json":
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	case c.All:
		return printReferences(s, report)
	}
	return printScan(s, report)
}

// scanRows is how many flags a summary names, so that it fits a terminal.
const scanRows = 15

// printScan prints a line for each flag: how often it is referred to, in which
// ways, and where first.
func printScan(s streams, report codescan.Report) error {
	byKey := slices.Collect(chunkByKey(report.Refs))
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "FLAG\tCHECKS\tOTHER\tTESTS\tKEPT\tFILES\tFIRST\n")
	for _, refs := range byKey[:min(len(byKey), scanRows)] {
		n := countReferences(refs)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%s:%d\n", shorten(refs[0].Key, 32), n.checks, n.other, n.tests, n.kept, n.files, shortPath(n.first.Path, 36), n.first.Line)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if more := len(byKey) - scanRows; more > 0 {
		fmt.Fprintf(s.out, "... and %d more flags (--all, or -o json)\n", more)
	}
	fmt.Fprintf(s.out, "%d references to %d flags in %d files", len(report.Refs), len(byKey), report.Files)
	if n := len(report.Dynamic); n > 0 {
		d := report.Dynamic[0]
		fmt.Fprintf(s.out, "; %d with a computed key, the first %s:%d", n, d.Path, d.Line)
	}
	fmt.Fprintln(s.out)
	for _, r := range report.Refs {
		if r.Keep != nil && r.Keep.Expired {
			fmt.Fprintf(s.out, "%s:%d: %s was to be kept until %s\n", r.Path, r.Line, r.Key, r.Keep.Until)
		}
	}
	return nil
}

// printReferences prints a line for each reference.
func printReferences(s streams, report codescan.Report) error {
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	for _, r := range report.Refs {
		kept := ""
		if r.Keep != nil {
			kept = "kept"
		}
		fmt.Fprintf(w, "%s:%d:%d\t%s\t%s\t%s\t%s\n", r.Path, r.Line, r.Col, r.Key, r.Kind, r.Call, kept)
	}
	for _, d := range report.Dynamic {
		fmt.Fprintf(w, "%s:%d:%d\t%s*\tdynamic\t%s\t\n", d.Path, d.Line, d.Col, d.Prefix, d.Call)
	}
	return w.Flush()
}

// chunkByKey splits sorted references by their flags.
func chunkByKey(refs []codescan.Reference) func(func([]codescan.Reference) bool) {
	return func(yield func([]codescan.Reference) bool) {
		for len(refs) > 0 {
			n := 1
			for n < len(refs) && refs[n].Key == refs[0].Key {
				n++
			}
			if !yield(refs[:n]) {
				return
			}
			refs = refs[n:]
		}
	}
}

// referenceCounts are the references to one flag.
type referenceCounts struct {
	checks, other, tests, kept, files int
	first                             codescan.Reference // a check, where there is one
}

func countReferences(refs []codescan.Reference) referenceCounts {
	n := referenceCounts{first: refs[0]}
	files := make(map[string]bool)
	for _, r := range refs {
		files[r.Path] = true
		switch r.Kind {
		case codescan.Call, codescan.WrapperCall:
			if n.checks == 0 {
				n.first = r
			}
			n.checks++
		case codescan.Test:
			n.tests++
		default:
			n.other++
		}
		if r.Keep != nil {
			n.kept++
		}
	}
	n.files = len(files)
	return n
}

// shorten cuts text to n bytes, and says so.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n-2] + ".."
}

// shortPath drops the first directories of a long path.
func shortPath(name string, n int) string {
	for len(name) > n {
		_, rest, ok := strings.Cut(strings.TrimPrefix(name, "../"), "/")
		if !ok {
			break
		}
		name = "../" + rest
	}
	return name
}
