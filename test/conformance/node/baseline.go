package node

import (
	"maps"
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Gap is a known one between a client and the specification, with the pairs of
// a flag and a context that it may concern.
type Gap func(f *eval.Flag, ec *eval.Context) bool

// Baseline is the gaps of one client, each with how many pairs it excused.
type Baseline struct {
	gaps    map[string]Gap
	excused map[string]int
}

// ReadBaseline returns the gaps of a client, given by the names that they have
// for it in test/conformance/baseline.yml: no more and no fewer of them.
func ReadBaseline(t *testing.T, client string, gaps map[string]Gap) *Baseline {
	t.Helper()
	text, err := os.ReadFile("../baseline.yml")
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct{ Client, Gap, Reason string }
	if err := yaml.Load(text, &entries, yaml.WithKnownFields()); err != nil {
		t.Fatalf("baseline.yml: %v", err)
	}
	b := &Baseline{gaps: gaps, excused: map[string]int{}}
	for _, e := range entries {
		if e.Client != client {
			continue
		}
		if gaps[e.Gap] == nil || e.Reason == "" {
			t.Errorf("baseline.yml: the gap %q of %s is not one that is known here, or has no reason", e.Gap, client)
		}
		b.excused[e.Gap] = 0
	}
	if len(b.excused) != len(gaps) {
		t.Errorf("baseline.yml has %d gaps of %s, want %d", len(b.excused), client, len(gaps))
	}
	return b
}

// Excuses tells whether a gap concerns a pair that differs, and counts it.
func (b *Baseline) Excuses(f *eval.Flag, ec *eval.Context) bool {
	for _, name := range slices.Sorted(maps.Keys(b.gaps)) {
		if b.gaps[name](f, ec) {
			b.excused[name]++
			return true
		}
	}
	return false
}

// Check fails for each gap that has excused nothing: it is closed, or was none.
func (b *Baseline) Check(t *testing.T) {
	t.Helper()
	for name, n := range b.excused {
		if n == 0 {
			t.Errorf("baseline.yml: %q excuses nothing any more: remove it", name)
		}
		t.Logf("%d answers differ by the known gap %q", n, name)
	}
}
