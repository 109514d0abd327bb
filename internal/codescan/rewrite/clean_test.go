package rewrite_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lockflight/lockflight/internal/codescan/rewrite"
	"github.com/lockflight/lockflight/internal/worktree"
)

var (
	update   = flag.Bool("update", false, "write the golden files anew")
	nestings = flag.Uint64("nestings", 0, "the seed of the random nestings; 0 for a fresh one")
)

// sides are those that each fixture is cleaned for.
var sides = map[string]rewrite.Side{"on": {On: true}, "off": {}, "a": {On: true, Variant: "a"}}

const key = "x-flag"

// TestClean cleans all fixtures for each side: the result is the golden file,
// is formatted, passes go vet, prints what the fixture prints with the flag on
// that side, and is not changed by cleaning it again.
func TestClean(t *testing.T) {
	t.Parallel()
	root, names := fixtureModule(t)
	module, err := worktree.Module(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	original := build(t, root)
	for side, keep := range sides {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			result, err := rewrite.Clean(module, rewrite.Request{Flag: key, Side: keep, Today: "2026-11-23"})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				golden(t, name, side, module, result)
			}
			cleaned := *module
			cleaned.Files = maps.Clone(module.Files)
			maps.Copy(cleaned.Files, result.Files)
			again, err := rewrite.Clean(&cleaned, rewrite.Request{Flag: key, Side: keep, Today: "2026-11-23"})
			if err != nil || len(again.Files) > 0 {
				t.Errorf("cleaning again: %v, changes %v", err, slices.Sorted(maps.Keys(again.Files)))
			}
			dir := t.TempDir()
			writeTree(t, dir, cleaned.Files)
			goMod(t, dir)
			run(t, dir, "go", append([]string{"vet"}, prefixed(names)...)...)
			if out := run(t, dir, "gofmt", "-l", "."); out != "" {
				t.Errorf("not formatted:\n%s", out)
			}
			if diff := cmp.Diff(run(t, dir, original, side), run(t, dir, build(t, dir), side)); diff != "" {
				t.Errorf("prints (-with the flag, +cleaned):\n%s", diff)
			}
		})
	}
}

// prefixed names the packages of fixtures. Random ones repeat conditions, which
// vet does not like before either.
func prefixed(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, "./"+name)
	}
	return out
}

// golden compares what became of a fixture with its golden file.
func golden(t *testing.T, name, side string, module *rewrite.Module, result rewrite.Result) {
	t.Helper()
	file := name + "/in.go"
	got, changed := result.Files[file]
	if !changed {
		got = module.Files[file]
	}
	var left bytes.Buffer
	for _, l := range result.Left {
		if l.Path == file {
			fmt.Fprintf(&left, "%d: %s\n", l.Line, l.Why)
		}
	}
	path := "testdata/clean/" + name + ".txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for section, got := range map[string][]byte{side + ".go": got, side + ".left": left.Bytes()} {
		i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == section })
		if i < 0 {
			archive.Files = append(archive.Files, txtar.File{Name: section})
			i = len(archive.Files) - 1
		}
		if *update {
			archive.Files[i].Data = got
		} else if diff := cmp.Diff(string(archive.Files[i].Data), string(got)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", name, section, diff)
		}
	}
	if *update {
		slices.SortStableFunc(archive.Files[1:], func(a, b txtar.File) int { return strings.Compare(a.Name, b.Name) })
		archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return len(f.Data) == 0 })
		goldenMu <- struct{}{}
		defer func() { <-goldenMu }()
		write(t, path, txtar.Format(archive))
	}
}

var goldenMu = make(chan struct{}, 1)

// fixtureModule makes a module with a package for each fixture, and a program
// that runs them.
func fixtureModule(t *testing.T) (root string, names []string) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("testdata/clean/*.txtar")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d fixtures, %v", len(paths), err)
	}
	files := make(map[string][]byte)
	var imports, calls strings.Builder
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		names = append(names, name)
		files[name+"/in.go"] = archive.Files[0].Data
		fmt.Fprintf(&imports, "\t\"example.com/app/%s\"\n", name)
		fmt.Fprintf(&calls, "\tprintln(\"%s\")\n\t%s.Run(c)\n", name, name)
	}
	seed := *nestings
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("random nestings: -nestings %d makes them again", seed)
	files["random/in.go"] = randomSource(rand.New(rand.NewPCG(seed, 0)))
	fmt.Fprint(&imports, "\t\"example.com/app/random\"\n")
	fmt.Fprint(&calls, "\tprintln(\"random\")\n\trandom.Run(c)\n")
	files["main.go"] = fmt.Appendf(nil, program, imports.String(), strings.ReplaceAll(calls.String(), "println", "fmt.Println"))
	for name, data := range files {
		if files[name], err = format.Source(data); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, data)
		}
	}
	writeTree(t, root, files)
	goMod(t, root)
	return root, names
}

// program runs the fixtures with the flag on the side that its argument names.
const program = `package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"

%s)

func main() {
	f := eval.Flag{Name: "x-fla" + "g", Enabled: os.Args[1] != "off"}
	if os.Args[1] == "a" {
		f.Variants = []eval.WeightedVariant{{Name: "a", Weight: 1000}}
	}
	b, _ := json.Marshal(eval.Snapshot{Version: 2, Features: []eval.Flag{f}})
	c, err := sdk.New(context.Background(), sdk.Options{AppName: "test", Bootstrap: b})
	if err != nil {
		panic(err)
	}
%s}
`

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func writeTree(t *testing.T, root string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		if data == nil {
			continue
		}
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func goMod(t *testing.T, root string) {
	t.Helper()
	here, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	writeTree(t, root, map[string][]byte{"go.mod": []byte("module example.com/app\n\ngo 1.26.0\n\n" +
		"require github.com/lockflight/lockflight v0.0.0\n\nreplace github.com/lockflight/lockflight => " + here + "\n")})
}

// build compiles the program of a module, and returns its path.
func build(t *testing.T, dir string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "app")
	run(t, dir, "go", "build", "-o", bin, ".")
	return bin
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
