package risk

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// FuzzEvaluate: no diff makes it panic, the same diff gets the same answer, the
// contributions sum to the score, and what is shown of the diff is clean.
func FuzzEvaluate(f *testing.F) {
	for _, diff := range changes(f) {
		f.Add(diff)
	}
	f.Add("+++ \n@@ -1 +1 @@\n+a")
	f.Add("diff --git \n@@ -9999999999999999999,0 +1 @@\n-\n\\\n@@")
	f.Add("diff --git a/x.go b/x.go\n@@ -1,2 +1,9 @@\n+\u202eif user.isAdmin {\x1b[31m}\n")
	f.Fuzz(func(t *testing.T, diff string) {
		got, err := Evaluate(Request{Diff: diff})
		if err != nil {
			return
		}
		again, _ := Evaluate(Request{Diff: diff})
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("the second answer differs (-first +second):\n%s", diff)
		}
		sum := 0
		for _, c := range got.Contributions {
			sum += c.Points
			if clean(c.Why, maxWhy) != c.Why || clean(c.Path, len(c.Path)) != c.Path {
				t.Errorf("%q of %q is not clean", c.Why, c.Path)
			}
		}
		if sum != got.Score || sum < 0 || sum > 100 {
			t.Errorf("contributions sum to %d, score %d", sum, got.Score)
		}
	})
}

// TestNeeds: where an expression matches, one of the literals that it is said to
// need is there.
func TestNeeds(t *testing.T) {
	t.Parallel()
	var pieces []string
	for _, diff := range changes(t) {
		pieces = append(pieces, strings.FieldsFunc(diff, func(r rune) bool { return r == '\n' })...)
	}
	slices.Sort(pieces)
	for p, source := range expressions {
		needed, ok := needs(source)
		if !ok {
			continue
		}
		for _, literal := range needed {
			if literal == "" || literal != strings.ToLower(literal) {
				t.Fatalf("%s needs %q", source, literal)
			}
		}
		match := rapid.StringMatching(regexp.MustCompile(`\\b|\(\?i\)`).ReplaceAllString(source, ""))
		literals := map[string]hints{}
		for _, literal := range needed {
			literals[literal] = 1
		}
		automaton := newAutomaton(literals)
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.SampledFrom(pieces).Draw(t, "line")
			if rapid.Bool().Draw(t, "made") {
				text = match.Draw(t, "match")
			}
			if lexicon().expressions[p].MatchString(text) && automaton.scan(text) == 0 {
				t.Fatalf("%q matches %s, and has none of %q", text, source, needed)
			}
		})
	}
}

// split returns the files of a diff, each from its header on.
func split(diff string) []string {
	parts := strings.Split("\n"+diff, "\ndiff --git ")[1:]
	for i, part := range parts {
		parts[i] = "diff --git " + strings.TrimSuffix(part, "\n") + "\n"
	}
	return parts
}

// TestMetamorphic: what does not change a program does not change its score, and
// a hazard never lowers it.
func TestMetamorphic(t *testing.T) {
	t.Parallel()
	diffs := changes(t)
	names := slices.Sorted(maps.Keys(diffs))
	hazard := diffs["high-secret-in-config"]
	rapid.Check(t, func(t *rapid.T) {
		picked := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 5, rapid.ID).Draw(t, "changes")
		var files []string
		for _, name := range picked {
			files = append(files, split(diffs[name])...)
		}
		base := strings.Join(files, "")
		want, err := Evaluate(Request{Diff: base})
		if err != nil {
			t.Fatal(err)
		}
		shuffled := rapid.Permutation(files).Draw(t, "order")
		for what, diff := range map[string]string{
			"another order of files": strings.Join(shuffled, ""),
			"line ends of Windows":   strings.ReplaceAll(base, "\n", "\r\n"),
			"a comment":              base + "diff --git a/x.go b/x.go\n--- a/x.go\n+++ b/x.go\n@@ -1,1 +1,2 @@\n a\n+// The password is checked.\n",
		} {
			got, err := Evaluate(Request{Diff: diff})
			if err != nil {
				t.Fatal(err)
			}
			if got.Score != want.Score {
				t.Errorf("%s: score %d, want %d", what, got.Score, want.Score)
			}
		}
		worse, err := Evaluate(Request{Diff: base + hazard})
		if err != nil {
			t.Fatal(err)
		}
		if worse.Score < want.Score {
			t.Errorf("with a hazard %d, without %d", worse.Score, want.Score)
		}
	})
}
