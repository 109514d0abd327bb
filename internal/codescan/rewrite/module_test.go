package rewrite_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lockflight/lockflight/internal/codescan/rewrite"
	"github.com/lockflight/lockflight/internal/worktree"
)

// TestCleanModule cleans a module of several packages: a check behind an
// exported function of another package, a typed accessor, tests of each side.
// The patch and what is left are in the fixture.
func TestCleanModule(t *testing.T) {
	t.Parallel()
	const path = "testdata/module.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	last := len(archive.Files) - 1
	for _, f := range archive.Files[:last] {
		files[f.Name] = f.Data
	}
	writeTree(t, root, files)
	goMod(t, root)
	module, err := worktree.Module(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	result, err := rewrite.Clean(module, rewrite.Request{Flag: "checkout-v2", Side: rewrite.Side{On: true}})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(result.Files)) {
		got.WriteString(worktree.Patch(name, module.Files[name], result.Files[name]))
	}
	for _, l := range result.Left {
		fmt.Fprintln(&got, "left", l)
	}
	if *update {
		archive.Files[last].Data = []byte(got.String())
		write(t, path, txtar.Format(archive))
	} else if diff := cmp.Diff(string(archive.Files[last].Data), got.String()); diff != "" {
		t.Errorf("patch (-want +got):\n%s", diff)
	}
	writeTree(t, root, result.Files)
	run(t, root, "go", "vet", "./...")
}

// TestRequests names what is wrong with a request.
func TestRequests(t *testing.T) {
	t.Parallel()
	m := &rewrite.Module{Files: map[string][]byte{"a.go": []byte("package a\n")}}
	_, noFlag := rewrite.Clean(m, rewrite.Request{})
	_, noPath := rewrite.Wrap(m, rewrite.WrapRequest{Flag: key, Path: "b.go"})
	_, broken := rewrite.Wrap(m, rewrite.WrapRequest{Flag: key, Path: "a.go", Before: []byte("package")})
	_, alone := rewrite.Wrap(m, rewrite.WrapRequest{Flag: key, Path: "a.go", Before: []byte("package a\n")})
	for _, tt := range []struct {
		err  error
		want string
	}{{noFlag, "flag: it is empty"}, {noPath, `path: "b.go" is no Go file`}, {broken, "before: a.go:1:8"}, {alone, "path: a.go is in no package"}} {
		if tt.err == nil || !strings.HasPrefix(tt.err.Error(), tt.want) {
			t.Errorf("error %v, want %q", tt.err, tt.want)
		}
	}
}
