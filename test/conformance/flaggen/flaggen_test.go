package flaggen_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
)

// TestDecisive holds for some seeds that everything decides often.
func TestDecisive(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		w := flaggen.New(seed, 100, 500)
		counts := w.Decisive()
		if few := counts.Below(50); len(few) > 0 {
			t.Errorf("seed %d: %q decide fewer than 50 times:\n%s", seed, few, counts)
		}
		if _, warnings := eval.Compile(eval.Snapshot{Features: w.Flags, Segments: w.Segments}); len(warnings) > 0 {
			t.Errorf("seed %d: does not compile: %v", seed, warnings)
		}
	}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(flaggen.New(7, 60, 60), flaggen.New(7, 60, 60)); diff != "" {
		t.Errorf("one seed makes two worlds:\n%s", diff)
	}
	if cmp.Equal(flaggen.New(7, 60, 60), flaggen.New(8, 60, 60)) {
		t.Error("two seeds make one world")
	}
}

// TestDecided holds that no answer is left to chance.
func TestDecided(t *testing.T) {
	t.Parallel()
	w := flaggen.New(7, 100, 500)
	answers := func() (out []eval.Variant) {
		set, _ := eval.Compile(eval.Snapshot{Features: w.Flags, Segments: w.Segments})
		for i := range w.Contexts {
			for _, f := range w.Flags {
				out = append(out, set.Variant(f.Name, &w.Contexts[i]))
			}
		}
		return out
	}
	first := answers()
	for range 5 {
		if diff := cmp.Diff(first, answers()); diff != "" {
			t.Fatalf("the same world answers in two ways:\n%s", diff)
		}
	}
}
