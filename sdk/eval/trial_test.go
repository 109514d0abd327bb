package eval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

func TestTry(t *testing.T) {
	t.Parallel()
	is := func(name, value string) eval.Constraint {
		return eval.Constraint{ContextName: name, Operator: "IN", Values: []string{value}}
	}
	beta := eval.Segment{ID: 7, Name: "beta", Constraints: []eval.Constraint{is("plan", "beta"), is("region", "eu")}}
	set, _ := eval.Compile(eval.Snapshot{Segments: []eval.Segment{beta}})
	flag := &eval.Flag{Name: "f", Strategies: []eval.Strategy{
		{Name: "userWithId", Segments: []int{7}, Constraints: []eval.Constraint{is("plan", "alpha"), is("region", "eu")}, Parameters: eval.Parameters{"userIds": "u1"}},
		{Name: "default", Variants: []eval.WeightedVariant{{Name: "blue", Weight: 1000}}},
		{Name: "lottery"},
		{Name: "default", Segments: []int{8}},
	}}
	c := &eval.Context{UserID: "u1", Properties: map[string]string{"plan": "alpha", "region": "eu"}}
	tests := []struct {
		name string
		i    int
		want eval.Trial
	}{
		{"every part of one that does not match", 0, eval.Trial{
			Segments:    []eval.SegmentTrial{{Segment: &beta, Constraints: []bool{false, true}}},
			Constraints: []bool{true, true}, Variant: eval.Variant{Name: "disabled"},
		}},
		{"one that matches has a variant", 1, eval.Trial{
			Matches: true, Constraints: []bool{}, Variant: eval.Variant{Name: "blue", Enabled: true, FeatureEnabled: true},
		}},
		{"one of the application's own", 2, eval.Trial{Constraints: []bool{}, Variant: eval.Variant{Name: "disabled"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := set.Try(flag, tt.i, c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, i := range []int{-1, 3, 4} {
		if got, err := set.Try(flag, i, c); err == nil {
			t.Errorf("strategy %d: %+v and no error", i, got)
		}
	}
}

// TestTriesMakeTheFlag puts a flag together from its parts and compares it with
// what Bool and Variant say of the whole.
func TestTriesMakeTheFlag(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, _ := options.Compile(genSnapshot(t))
		c := genContext(t)
		for i := range set.Len() {
			f := set.Flag(i)
			if f == nil || len(f.Strategies) == 0 {
				continue
			}
			if e := set.Explain(f.Name, c); e.Reason == eval.ReasonInvalid {
				continue
			}
			want := eval.Variant{Name: "disabled"}
			for j := range f.Strategies {
				got, err := set.Try(f, j, c)
				if err != nil {
					t.Fatalf("%s: strategy %d: %v", f.Name, j, err)
				}
				if got.Matches {
					want = got.Variant
					break
				}
			}
			for _, d := range f.Dependencies {
				if !set.Holds(d, c) {
					want = eval.Variant{Name: "disabled"}
				}
			}
			if !f.Enabled {
				want = eval.Variant{Name: "disabled"}
			}
			if diff := cmp.Diff(want, set.Variant(f.Name, c)); diff != "" {
				t.Fatalf("%s (-parts +whole):\n%s", f.Name, diff)
			}
		}
	})
}
