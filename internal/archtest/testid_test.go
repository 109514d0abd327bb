package archtest

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/tests.md anew")

const idTable = "../../docs/tests.md"

// idPattern finds an id in the name of a test (TestCR07SecondAccount) or in the
// comment on it (CR-07).
var idPattern = regexp.MustCompile(`(?:\b|Test)(A|ID|CR|AS|MC)-?(\d\d)|(?:\b|Test)I(10|[1-9])(?:\b|[A-Z])`)

// TestIDTable holds docs/tests.md to the tests that there are: each id of what
// the product promises about who may do what, with the tests that bear it.
func TestIDTable(t *testing.T) {
	t.Parallel()
	tests, err := testsByID(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	got := renderIDs(tests)
	if *update {
		if err := os.WriteFile(idTable, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(idTable)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error("docs/tests.md is stale: go test ./internal/archtest -update")
	}
	for _, id := range ids {
		if id.later != "" && len(tests[id.id]) > 0 {
			t.Errorf("%s is said to come later, and has the tests %v", id.id, tests[id.id])
		}
	}
}

// testsByID finds the tests that bear an id: package and name, in order.
func testsByID(tree fs.FS) (map[string][]string, error) {
	out := map[string][]string{}
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		src, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
				continue
			}
			name := filepath.ToSlash(filepath.Dir(path)) + "." + fn.Name.Name
			for _, id := range idsIn(fn.Name.Name + " " + fn.Doc.Text()) {
				out[id] = append(out[id], name)
			}
		}
		return nil
	})
	for _, names := range out {
		slices.Sort(names)
	}
	return out, err
}

// idsIn are the ids in a text, each once.
func idsIn(text string) []string {
	var out []string
	for _, m := range idPattern.FindAllStringSubmatch(text, -1) {
		id := m[1] + "-" + m[2]
		if m[3] != "" {
			id = "I" + m[3]
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func renderIDs(tests map[string][]string) []byte {
	var b bytes.Buffer
	b.WriteString(`# Tests by id

What is promised about who may do what, who approved it, and how anyone can check,
with the tests that hold it. Generated from the names of the tests and the comments
on them: ` + "`go test ./internal/archtest -update`" + `. "none" is a promise without a test of
that id here.

| id | what | state | tests |
|---|---|---|---|
`)
	for _, id := range ids {
		state := "none"
		switch {
		case len(tests[id.id]) > 0:
			state = "tested"
		case id.later != "":
			state = "later: " + id.later
		}
		names := make([]string, 0, len(tests[id.id]))
		for _, name := range tests[id.id] {
			names = append(names, "`"+name+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", id.id, id.what, state, strings.Join(names, ", "))
	}
	return b.Bytes()
}
