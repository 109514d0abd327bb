package archtest

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

func TestModule(t *testing.T) {
	t.Parallel()
	found, err := Check(os.DirFS("../.."), Packages)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// TestForbidden gives the table of this module a tree with one forbidden
// import of each kind: it shows that TestModule can fail.
func TestForbidden(t *testing.T) {
	t.Parallel()
	tree := readTree(t, "testdata/forbidden.txtar")
	found, err := Check(tree, Packages)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range found {
		got = append(got, v.String())
	}
	want := strings.Split(strings.TrimSpace(string(tree["want"].Data)), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestCheckReportsSyntaxErrors(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"sdk/client.go": {Data: []byte("package sdk\nimport {")}}
	if _, err := Check(tree, Packages); err == nil || !strings.Contains(err.Error(), "sdk/client.go:2") {
		t.Errorf("error = %v, want the place in sdk/client.go", err)
	}
}

// TestTable checks that the table itself is sound: what a rule names has a
// rule, pure packages import none that is not, and no packages import each other
// in a circle.
func TestTable(t *testing.T) {
	t.Parallel()
	for pkg, rule := range Packages {
		for _, target := range rule.Imports {
			if _, ok := Packages.rule(target); !ok {
				t.Errorf("%s may import %s, which is not in the table", pkg, target)
			}
		}
		for _, target := range rule.Imports {
			if r, _ := Packages.rule(target); rule.Class == Pure && r.Class != Pure {
				t.Errorf("%s is pure and may import %s, which is not", pkg, target)
			}
		}
		if rule.Class == Open && len(rule.Modules) > 0 {
			t.Errorf("%s is open, so its list of modules says nothing", pkg)
		}
		if reaches(pkg, pkg, map[string]bool{}) {
			t.Errorf("%s may import itself by way of others", pkg)
		}
	}
}

// reaches reports whether the table lets from import to, directly or not.
func reaches(from, to string, seen map[string]bool) bool {
	for _, next := range Packages[from].Imports {
		if next == to {
			return true
		}
		if !seen[next] {
			seen[next] = true
			if reaches(next, to, seen) {
				return true
			}
		}
	}
	return false
}

// readTree returns the files of a txtar archive as a file system.
func readTree(t *testing.T, name string) fstest.MapFS {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{}
	for _, f := range archive.Files {
		tree[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return tree
}
