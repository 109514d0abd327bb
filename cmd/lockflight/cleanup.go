package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/codescan"
	"github.com/lockflight/lockflight/internal/codescan/rewrite"
	"github.com/lockflight/lockflight/internal/worktree"
)

type cleanupCmd struct {
	format
	Flag  string `arg:"" help:"The flag."`
	Dir   string `arg:"" optional:"" default:"." type:"existingdir" help:"The Go module to clean."`
	Keep  string `required:"" placeholder:"SIDE" help:"What stays: on, off, or the name of a variant."`
	Write bool   `help:"Change the files, rather than print a patch alone."`
}

// cleanupReport is what the command prints as JSON.
type cleanupReport struct {
	Flag    string               `json:"flag"`
	Keep    string               `json:"keep"`
	Patch   string               `json:"patch"`
	Files   []string             `json:"files"`
	Left    []rewrite.Left       `json:"left"`
	Refs    []codescan.Reference `json:"references"` // those that remain
	Written bool                 `json:"written"`
}

// Run prints the patch that removes the flag, and what it leaves.
func (c *cleanupCmd) Run(ctx context.Context, s streams) error {
	if c.Flag == "" || c.Keep == "" {
		return usageError{errors.New("want a flag, and --keep on, off or the name of a variant")}
	}
	root, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("finding %s: %w", c.Dir, err)
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return fmt.Errorf("finding %s: %w", c.Dir, err)
	}
	module, err := worktree.Module(ctx, root)
	if err != nil {
		return err
	}
	today := time.Now().UTC().Format(time.DateOnly)
	result, err := rewrite.Clean(module, rewrite.Request{Flag: c.Flag, Side: sideOf(c.Keep), Today: today})
	if err != nil {
		return err
	}
	refs, err := c.remaining(root, result, today)
	if err != nil {
		return err
	}
	report := cleanupReport{Flag: c.Flag, Keep: c.Keep, Left: result.Left, Refs: refs, Files: slices.Sorted(maps.Keys(result.Files)), Written: c.Write}
	for _, name := range report.Files {
		report.Patch += worktree.Patch(name, module.Files[name], result.Files[name])
	}
	if c.Write {
		if err := writeFiles(root, result.Files); err != nil {
			return err
		}
	}
	return c.print(s, report)
}

// sideOf reads --keep.
func sideOf(keep string) rewrite.Side {
	switch keep {
	case "on":
		return rewrite.Side{On: true}
	case "off":
		return rewrite.Side{}
	}
	return rewrite.Side{On: true, Variant: keep}
}

// remaining are the references to the flag that the tree will still have.
func (c *cleanupCmd) remaining(root string, result rewrite.Result, today string) ([]codescan.Reference, error) {
	facts, err := worktree.Facts(root)
	if err != nil {
		return nil, err
	}
	facts = slices.DeleteFunc(facts, func(f codescan.Facts) bool {
		_, changed := result.Files[f.Path]
		return changed
	})
	for name, data := range result.Files {
		if data != nil {
			facts = append(facts, codescan.Extract(codescan.File{Path: name, Data: data}))
		}
	}
	refs := codescan.Resolve(facts, codescan.Options{Keys: []string{c.Flag}, Today: today}).Refs
	return slices.DeleteFunc(refs, func(r codescan.Reference) bool { return r.Key != c.Flag }), nil
}

func (c *cleanupCmd) print(s streams, r cleanupReport) error {
	if c.Output == "json" {
		enc := json.NewEncoder(s.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	fmt.Fprint(s.out, r.Patch)
	did := "would change"
	if c.Write {
		did = "changed"
	}
	fmt.Fprintf(s.err, "%s %d files, keeping %s of %s\n", did, len(r.Files), c.Keep, c.Flag)
	for _, l := range r.Left {
		fmt.Fprintln(s.err, "left", l)
	}
	for _, ref := range r.Refs {
		fmt.Fprintf(s.err, "left %s:%d: %s\n", ref.Path, ref.Line, ref.Kind)
	}
	if len(r.Refs) == 0 {
		fmt.Fprintf(s.err, "no reference to %s is left; a person archives the flag\n", c.Flag)
	}
	return nil
}

// writeFiles puts files into a tree, and deletes those that are nil. A file
// keeps its mode.
func writeFiles(root string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, filepath.FromSlash(name))
		var err error
		if files[name] == nil {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, files[name], 0o644)
		}
		if err != nil {
			return fmt.Errorf("writing the change: %w", err)
		}
	}
	return nil
}
