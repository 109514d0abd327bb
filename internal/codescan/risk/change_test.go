package risk

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// changes returns the changes of testdata by name.
func changes(t testing.TB) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/changes/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			out[strings.TrimSuffix(f.Name, ".diff")] = string(f.Data)
		}
	}
	return out
}

// rows returns the lines of a table of testdata below its head, split at tabs.
func rows(t testing.TB, name string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata/changes", name))
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for _, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")[1:] {
		out = append(out, strings.Split(line, "\t"))
	}
	return out
}

func evaluate(t testing.TB, diff string) Result {
	t.Helper()
	got, err := Evaluate(Request{Diff: diff})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestScores holds every score and the points of every contribution against an
// implementation that shares no code with this one.
func TestScores(t *testing.T) {
	t.Parallel()
	diffs := changes(t)
	table := rows(t, "scores.tsv")
	if len(table) != len(diffs) || len(diffs) < 60 {
		t.Fatalf("%d scores for %d changes, want one for each of 60 or more", len(table), len(diffs))
	}
	departs := map[string]string{}
	for _, row := range rows(t, "departures.tsv") {
		departs[row[0]] = row[1]
	}
	for _, want := range table {
		got := evaluate(t, diffs[want[0]])
		if score := departs[want[0]]; score != "" {
			if strconv.Itoa(got.Score) != score {
				t.Errorf("%s: score %d, want %s", want[0], got.Score, score)
			}
			continue
		}
		var points []string
		for _, c := range got.Contributions {
			points = append(points, fmt.Sprintf("%s=%d", c.ID, c.Points))
		}
		if diff := cmp.Diff(want[1:], []string{strconv.Itoa(got.Score), strings.Join(points, " ")}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want[0], diff)
		}
	}
}

// TestBands prints how many changes are in the band that was expected, and fails
// below 11 of 12.
func TestBands(t *testing.T) {
	t.Parallel()
	diffs := changes(t)
	total, right := map[string]int{}, map[string]int{}
	for _, row := range rows(t, "bands.tsv") {
		name, want, set, accepted := row[0], row[1], row[2], strings.Fields(row[3])
		got := evaluate(t, diffs[name])
		for _, kind := range []string{set, "all"} {
			total[kind]++
			if string(got.Band) == want {
				right[kind+" first choice"]++
			}
			if slices.Contains(accepted, string(got.Band)) {
				right[kind]++
			}
		}
		if !slices.Contains(accepted, string(got.Band)) && set != "held" {
			t.Logf("%s: %d is %s, want %s", name, got.Score, got.Band, want)
		}
	}
	for _, kind := range []string{"all", "tuned", "held"} {
		t.Logf("%s: %d of %d in an accepted band, %d in the first choice", kind, right[kind], total[kind], right[kind+" first choice"])
	}
	if total["held"] < 20 || 12*right["all"] < 11*total["all"] {
		t.Errorf("%d of %d are in their band, want 11 of 12 or more", right["all"], total["all"])
	}
}

// TestMust holds what has to be true of a score whatever its weights are.
func TestMust(t *testing.T) {
	t.Parallel()
	for name, diff := range changes(t) {
		got := evaluate(t, diff)
		least, most := 0, 100
		switch {
		case strings.HasPrefix(name, "docs-"), strings.HasPrefix(name, "tests-"):
			most = 10
		case strings.Contains(name, "drop-column"), strings.Contains(name, "remove-column"), strings.Contains(name, "remove-field"),
			strings.Contains(name, "auth"), strings.Contains(name, "guard-changed"), strings.Contains(name, "guard-removed"),
			strings.HasSuffix(name, "-rounding"), strings.Contains(name, "decimal"):
			least = 60
		}
		if got.Score < least || got.Score > most {
			t.Errorf("%s: score %d, want %d to %d", name, got.Score, least, most)
		}
	}
}
