package rewrite_test

import (
	"bytes"
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

// TestWrap guards the change of each fixture: the result is the golden file,
// passes go vet and its own tests, and Clean makes either side of it again.
func TestWrap(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/wrap/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	before, after := make(map[string][]byte), make(map[string][]byte)
	archives := make(map[string]*txtar.Archive)
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar") + "/in.go"
		archives[name], before[name], after[name] = a, a.Files[0].Data, a.Files[1].Data
	}
	// The test's import has to be in the module for its export data.
	after["uses/uses_test.go"] = []byte("package uses\n\nimport _ \"github.com/lockflight/lockflight/sdk/sdktest\"\n")
	writeTree(t, root, after)
	goMod(t, root)
	module, err := worktree.Module(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := *module
	wrapped.Files = maps.Clone(module.Files)
	for _, name := range slices.Sorted(maps.Keys(archives)) {
		got, err := rewrite.Wrap(module, rewrite.WrapRequest{Flag: key, Path: name, Before: before[name]})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		maps.Copy(wrapped.Files, got.Files)
		goldenWrap(t, name, archives[name], got)
		roundTrip(t, module, name, before[name], after[name], got)
	}
	if t.Failed() {
		return
	}
	writeTree(t, root, wrapped.Files)
	run(t, root, "go", "vet", "./...")
	run(t, root, "go", "test", "./...")
}

// roundTrip cleans what Wrap made, and compares with both sides.
func roundTrip(t *testing.T, module *rewrite.Module, name string, before, after []byte, got rewrite.Wrapped) {
	t.Helper()
	if len(got.Files) == 0 {
		return
	}
	wrapped := *module
	wrapped.Files = maps.Clone(module.Files)
	maps.Copy(wrapped.Files, got.Files)
	wrapped.Packages = slices.Clone(module.Packages)
	for i, p := range wrapped.Packages {
		for file := range got.Files {
			if filepath.Dir(file) == filepath.Dir(p.Files[0]) && !slices.Contains(p.Files, file) {
				wrapped.Packages[i].Files = append(slices.Clone(p.Files), file)
			}
		}
	}
	for on, want := range map[bool][]byte{true: after, false: before} {
		cleaned, err := rewrite.Clean(&wrapped, rewrite.Request{Flag: key, Side: rewrite.Side{On: on}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(cleaned.Files[name])); diff != "" {
			t.Errorf("%s cleaned with on=%v (-want +got):\n%s", name, on, diff)
		}
		for file := range got.Files {
			if data, gone := cleaned.Files[file]; file != name && (!gone || data != nil) {
				t.Errorf("%s: %s is still there", name, file)
			}
		}
	}
}

func goldenWrap(t *testing.T, name string, archive *txtar.Archive, got rewrite.Wrapped) {
	t.Helper()
	var guidance bytes.Buffer
	for _, g := range got.Guidance {
		fmt.Fprintf(&guidance, "%d: %s\n", g.Line, g.Why)
	}
	sections := []txtar.File{{Name: "guidance", Data: guidance.Bytes()}}
	for _, file := range slices.Sorted(maps.Keys(got.Files)) {
		sections = append(sections, txtar.File{Name: "wrapped/" + filepath.Base(file), Data: got.Files[file]})
	}
	sections = slices.DeleteFunc(sections, func(f txtar.File) bool { return len(f.Data) == 0 })
	if *update {
		archive.Files = append(archive.Files[:2], sections...)
		write(t, "testdata/wrap/"+filepath.Dir(name)+".txtar", txtar.Format(archive))
		return
	}
	if diff := cmp.Diff(archive.Files[2:], sections, cmp.Transformer("text", func(f txtar.File) string { return f.Name + "\n" + string(f.Data) })); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
