package control_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, before, after, want string }{
		{"same", `{"a":1,"b":[{"id":"x"}]}`, `{"b":[{"id":"x"}],"a":1}`, `null`},
		{"nothing before", `null`, `{"a":1}`, `[{"path":"","after":{"a":1}}]`},
		{"field", `{"a":{"b":"1","c":true}}`, `{"a":{"b":"2"}}`, `[{"path":"a.b","before":"1","after":"2"},{"path":"a.c","before":true}]`},
		{"list of texts", `{"v":["a","b"]}`, `{"v":["b"]}`, `[{"path":"v","before":["a","b"],"after":["b"]}]`},
		{
			"element by id", `[{"id":"x","n":1},{"id":"y"}]`, `[{"id":"z"},{"id":"x","n":2}]`,
			`[{"path":"[x].n","before":1,"after":2},{"path":"[y]","before":{"id":"y"}},{"path":"[z]","after":{"id":"z"}}]`,
		},
		{"order", `{"s":[{"id":"x"},{"id":"y"}]}`, `{"s":[{"id":"y"},{"id":"x"}]}`, `[{"path":"s","before":["x","y"],"after":["y","x"]}]`},
		{"element by index", `[{"name":"r","n":1},{"name":"r","n":1}]`, `[{"name":"r","n":1}]`, `[{"path":"[1]","before":{"n":1,"name":"r"}}]`},
		{
			"tenth after second", `[{},{},{},{},{},{},{},{},{},{},{}]`, `[{},{},{"a":1},{},{},{},{},{},{},{},{"a":1}]`,
			`[{"path":"[2].a","after":1},{"path":"[10].a","after":1}]`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := must(control.Differences(json.RawMessage(test.before), json.RawMessage(test.after)))(t)
			diff(t, "differences", test.want, text(t, got))
		})
	}
}

// TestDifferencesOfChange checks that there is a difference exactly where the
// documents are not the same, and the same ones, turned round, from the other
// side.
func TestDifferencesOfChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		documents := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "id"}), rapid.SliceOfN(
			rapid.MapOf(rapid.SampledFrom([]string{"id", "name", "n"}), rapid.IntRange(1, 3)), 0, 3))
		before, after := documents.Draw(r, "before"), documents.Draw(r, "after")
		there, err := control.Differences(before, after)
		if err != nil {
			r.Fatal(err)
		}
		back, err := control.Differences(after, before)
		if err != nil {
			r.Fatal(err)
		}
		if (len(there) == 0) != (text(t, before) == text(t, after)) {
			r.Errorf("%v to %v: %v", before, after, there)
		}
		if len(there) != len(back) {
			r.Errorf("there %v, back %v", there, back)
		}
	})
}
