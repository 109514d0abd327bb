package worktree

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/codescan/rewrite"
)

// listed is a package as go list prints it.
type listed struct {
	Dir, ImportPath, Name, ForTest, Export string
	Standard, DepOnly                      bool
	GoFiles, CgoFiles                      []string
	ImportMap                              map[string]string
	Module                                 *struct{ GoVersion string }
}

// Module loads the Go packages below root, with their tests, and has the go
// command compile what they import. Paths in it are below root. A package that
// uses cgo is left out, and so is one that does not compile.
func Module(ctx context.Context, root string) (*rewrite.Module, error) {
	packages, err := list(ctx, root)
	if err != nil {
		return nil, err
	}
	tested := make(map[string]bool)
	exports := make(map[string]string)
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
		if path, _, ok := strings.Cut(p.ImportPath, " "); ok && path == p.ForTest {
			tested[path] = true
		}
	}
	m := &rewrite.Module{Files: make(map[string][]byte), Export: func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s does not compile", path)
		}
		return os.Open(exports[path])
	}}
	for _, p := range packages {
		// The package with its tests stands for the one without.
		if p.Name == "" || p.DepOnly || p.Standard || tested[p.ImportPath] || len(p.CgoFiles) > 0 || strings.HasSuffix(p.ImportPath, ".test") {
			continue
		}
		if err := add(m, root, p); err != nil {
			return nil, err
		}
	}
	if len(m.Packages) == 0 {
		return nil, fmt.Errorf("%s has no Go package\nhint: name a directory of a Go module that compiles (go build ./...)", root)
	}
	return m, nil
}

// add reads the files of a package into the module.
func add(m *rewrite.Module, root string, p listed) error {
	pkg := rewrite.Package{Path: p.ImportPath, ImportMap: p.ImportMap}
	if p.Module != nil && p.Module.GoVersion != "" {
		pkg.GoVersion = "go" + p.Module.GoVersion
	}
	for _, name := range p.GoFiles {
		file := filepath.Join(p.Dir, name)
		rel, err := filepath.Rel(root, file)
		if err != nil || !filepath.IsLocal(rel) {
			continue // made by the go command
		}
		rel = filepath.ToSlash(rel)
		if m.Files[rel] == nil {
			if m.Files[rel], err = os.ReadFile(file); err != nil {
				return fmt.Errorf("reading the module: %w", err)
			}
		}
		pkg.Files = append(pkg.Files, rel)
	}
	slices.Sort(pkg.Files)
	m.Packages = append(m.Packages, pkg)
	return nil
}

// list asks the go command for the packages below root and all that they import.
func list(ctx context.Context, root string) ([]listed, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-json=Dir,ImportPath,Name,ForTest,Export,Standard,DepOnly,GoFiles,CgoFiles,ImportMap,Module", "-export", "-deps", "-test", "./...")
	cmd.Dir = root
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking the go command about the module: %w\n%s\nhint: is the Go command there, and does the module compile (go build ./...)?", err, strings.TrimSpace(complaint.String()))
	}
	var packages []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading what the go command says: %w", err)
		}
		packages = append(packages, p)
	}
}
