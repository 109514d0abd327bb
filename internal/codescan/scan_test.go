package codescan

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// marker says in a fixture which references its line holds: @ KIND KEY...
var marker = regexp.MustCompile(`(?://|#|/\*)@ (\w+) ([^\n*]+)`)

// fixture reads a tree of testdata/scan: its facts, and the references that its
// markers name.
func fixture(t *testing.T, name string) (facts []Facts, want []string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		facts = append(facts, Extract(File{Path: f.Name, Data: f.Data}))
		for n, line := range strings.Split(string(f.Data), "\n") {
			if m := marker.FindStringSubmatch(line); m != nil {
				for key := range strings.FieldsSeq(m[2]) {
					want = append(want, fmt.Sprintf("%s:%d %s %s", f.Name, n+1, m[1], key))
				}
			}
		}
		if f.Name == "vars.json" {
			want = append(want, "vars.json:1 config page-a")
		}
	}
	slices.Sort(want)
	return facts, want
}

// TestScan compares what is found in each language with what is marked, and
// prints the recall by language and kind.
func TestScan(t *testing.T) {
	t.Parallel()
	fixtures, err := filepath.Glob("testdata/scan/*.txtar")
	if err != nil || len(fixtures) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, name := range fixtures {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			facts, want := fixture(t, name)
			var got []string
			for _, r := range Resolve(facts, Options{}).Refs {
				got = append(got, fmt.Sprintf("%s:%d %s %s", r.Path, r.Line, r.Kind, r.Key))
			}
			slices.Sort(got)
			printRecall(t, want, got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("references (-want +got):\n%s", diff)
			}
		})
	}
}

func printRecall(t *testing.T, want, got []string) {
	t.Helper()
	expected, found := make(map[string]int), make(map[string]int)
	for _, w := range want {
		kind := strings.Fields(w)[1]
		expected[kind]++
		if slices.Contains(got, w) {
			found[kind]++
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(expected)) {
		t.Logf("%-13s %d of %d found", kind, found[kind], expected[kind])
	}
}
