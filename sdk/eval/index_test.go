package eval

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The index finds what it was given and nothing else, as a map does, whatever
// the names: of any size, each other's beginnings, in one document or added by
// deltas, and removed.
func TestNamesAreFoundAsInAMap(t *testing.T) {
	t.Parallel()
	names := rapid.Custom(func(t *rapid.T) string {
		size := rapid.SampledFrom([]int{0, 1, 7, 8, 9, 126, 127, 128, 129, 16_384}).Draw(t, "size")
		return strings.Repeat("x", size) + rapid.StringN(0, 3, -1).Draw(t, "end")
	})
	rapid.Check(t, func(t *rapid.T) {
		var document Snapshot
		known := make(map[string]bool)
		for _, name := range rapid.SliceOfN(names, 0, 20).Draw(t, "first") {
			document.Features, known[name] = append(document.Features, Flag{Name: name, Enabled: true}), true
		}
		set, _ := Compile(document)
		for _, name := range rapid.SliceOfN(names, 0, 40).Draw(t, "later") {
			event := Event{Type: FeatureUpdated, Feature: &Flag{Name: name, Enabled: true}}
			if known[name] {
				event = Event{Type: FeatureRemoved, FeatureName: name}
			}
			next, _, err := set.Apply(Delta{Events: []Event{event}})
			if err != nil {
				t.Fatal(err)
			}
			set, known[name] = next, !known[name]
		}
		for _, name := range rapid.SliceOfN(names, 0, 20).Draw(t, "asked") {
			if _, got := set.Index(name); got != known[name] {
				t.Errorf("a name of %d bytes that nobody named before: %v", len(name), got)
			}
		}
		for name, want := range known {
			if _, got := set.Index(name); got != want {
				t.Errorf("a name of %d bytes that ends in %q: %v, want %v", len(name), name[max(0, len(name)-3):], got, want)
			}
		}
	})
}

// A tag is asked for when a flag is compiled, and stays until it is again.
func TestTagsFollowFlags(t *testing.T) {
	t.Parallel()
	asked := uint32(0)
	options := Options{Tag: func(*Flag, []string) uint32 {
		asked++
		return asked
	}}
	set, _ := options.Compile(Snapshot{Features: []Flag{{Name: "a"}, {Name: "b", Enabled: true}}})
	next, _, err := set.Apply(Delta{Events: []Event{
		{Type: FeatureUpdated, Feature: &Flag{Name: "b"}}, {Type: FeatureRemoved, FeatureName: "a"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set    *Set
		flag   string
		number int
		tag    uint32
		on     bool
	}{
		{set, "a", 0, 1, false},
		{set, "b", 1, 2, true},
		{set, "c", -1, 0, false},
		{next, "a", -1, 0, false},
		{next, "b", 1, 3, false},
	} {
		if n, tag, on := c.set.Check(c.flag, nil); n != c.number || tag != c.tag || on != c.on {
			t.Errorf("%s: %d, %d, %v, want %d, %d, %v", c.flag, n, tag, on, c.number, c.tag, c.on)
		}
		if n, tag, on := c.set.CheckAt(c.number, nil); n != c.number || tag != c.tag || on != c.on {
			t.Errorf("number %d: %d, %d, %v, want %d, %v", c.number, n, tag, on, c.tag, c.on)
		}
	}
}
