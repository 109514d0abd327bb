package control_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

func fixed(name string, weight int) eval.WeightedVariant {
	return eval.WeightedVariant{Name: name, Weight: weight, WeightType: "fix"}
}

func variable(name string) eval.WeightedVariant { return eval.WeightedVariant{Name: name} }

func paid(typ, value string) eval.WeightedVariant {
	return eval.WeightedVariant{Name: "a", Payload: &eval.Payload{Type: typ, Value: value}}
}

// TestStrategyVariants follows a strategy's variants from the request to what
// clients are sent.
func TestStrategyVariants(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   []eval.WeightedVariant
		want string
	}{
		{"one", []eval.WeightedVariant{variable("a")}, `[{"name":"a","weight":1000,"weightType":"variable","stickiness":"userId"}]`},
		{
			"a remainder",
			[]eval.WeightedVariant{variable("a"), variable("b"), variable("c")},
			`[{"name":"a","weight":334,"weightType":"variable","stickiness":"userId"},` +
				`{"name":"b","weight":333,"weightType":"variable","stickiness":"userId"},` +
				`{"name":"c","weight":333,"weightType":"variable","stickiness":"userId"}]`,
		},
		{
			"beside a fixed one",
			[]eval.WeightedVariant{fixed("a", 100), variable("b")},
			`[{"name":"a","weight":100,"weightType":"fix","stickiness":"userId"},{"name":"b","weight":900,"weightType":"variable","stickiness":"userId"}]`,
		},
		{
			"one stickiness for all",
			[]eval.WeightedVariant{variable("a"), {Name: "b", Stickiness: "region"}},
			`[{"name":"a","weight":500,"weightType":"variable","stickiness":"region"},{"name":"b","weight":500,"weightType":"variable","stickiness":"region"}]`,
		},
	}
	w := newWorld(t)
	for _, tt := range tests {
		st := rollout("100")
		st.Variants = tt.in
		st = must(w.AddStrategy(t.Context(), root, production, st))(t)
		diff(t, tt.name, tt.want, text(t, st.Variants))
		served := w.servedFlag(t, production).Strategies
		diff(t, tt.name+", served", tt.want, text(t, served[len(served)-1].Variants))
	}
}

func TestVariantsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := string(make([]byte, 101))
	tests := []struct {
		name  string
		in    []eval.WeightedVariant
		field string
	}{
		{"no name", []eval.WeightedVariant{{}}, "[0].name"},
		{"a long name", []eval.WeightedVariant{variable(long)}, "[0].name"},
		{"a control character", []eval.WeightedVariant{variable("a\n")}, "[0].name"},
		{"a name twice", []eval.WeightedVariant{variable("a"), variable("a")}, "[1].name"},
		{"an odd type of weight", []eval.WeightedVariant{{Name: "a", WeightType: "heavy"}}, "[0].weightType"},
		{"a negative weight", []eval.WeightedVariant{fixed("a", -1)}, "[0].weight"},
		{"too much weight", []eval.WeightedVariant{fixed("a", 1001)}, "[0].weight"},
		{"too little in all", []eval.WeightedVariant{fixed("a", 400), fixed("b", 500)}, ""},
		{"too much in all", []eval.WeightedVariant{fixed("a", 600), fixed("b", 500), variable("c")}, ""},
		{"two stickinesses", []eval.WeightedVariant{{Name: "a", Stickiness: "x"}, {Name: "b", Stickiness: "y"}}, "[1].stickiness"},
		{"an odd payload", []eval.WeightedVariant{paid("xml", "<a/>")}, "[0].payload.type"},
		{"no JSON", []eval.WeightedVariant{paid("json", `{"a":`)}, "[0].payload.value"},
		{"no number", []eval.WeightedVariant{paid("number", "NaN")}, "[0].payload.value"},
		{"an empty number", []eval.WeightedVariant{paid("number", "")}, "[0].payload.value"},
		{"an override of nothing", []eval.WeightedVariant{{Name: "a", Overrides: []eval.Override{{}}}}, "[0].overrides[0].contextName"},
	}
	before := w.head(t)
	for _, tt := range tests {
		err := w.SetVariants(t.Context(), root, "blue", "blue-flag", []string{"production"}, tt.in)
		wantErr(t, err, control.Invalid, "variants"+tt.field)
		st := rollout("100")
		st.Variants = tt.in
		_, err = w.AddStrategy(t.Context(), root, production, st)
		wantErr(t, err, control.Invalid, "strategies[0].variants"+tt.field)
	}
	st := rollout("100")
	st.Variants = []eval.WeightedVariant{{Name: "a", Overrides: []eval.Override{{ContextName: "userId"}}}}
	_, err := w.AddStrategy(t.Context(), root, production, st)
	wantErr(t, err, control.Invalid, "strategies[0].variants[0].overrides")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
}

// TestWeightsAddUp checks that whatever is accepted adds up to 1000, keeps the
// fixed weights, and shares the rest within one of each other.
func TestWeightsAddUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		var in []eval.WeightedVariant
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,3}`), 1, 8, rapid.ID).Draw(r, "names") {
			v := eval.WeightedVariant{Name: name, Weight: rapid.IntRange(0, 1000).Draw(r, "weight")}
			if rapid.Bool().Draw(r, "fixed") {
				v.WeightType = "fix"
			}
			in = append(in, v)
		}
		if w.SetVariants(t.Context(), root, "blue", "blue-flag", []string{"production"}, in) != nil {
			return
		}
		total, least, most, last := 0, 1000, 0, ""
		for i, v := range w.servedFlag(t, production).Variants {
			total += v.Weight
			if i > 0 && v.Name < last {
				r.Errorf("%q comes after %q", v.Name, last)
			}
			last = v.Name
			if v.WeightType == "fix" {
				if before := in[slices.IndexFunc(in, func(o eval.WeightedVariant) bool { return o.Name == v.Name })]; v.Weight != before.Weight {
					r.Errorf("fixed weight %d became %d", before.Weight, v.Weight)
				}
				continue
			}
			least, most = min(least, v.Weight), max(most, v.Weight)
		}
		if total != 1000 || most-least > 1 {
			r.Errorf("the weights add up to %d, and the shares are from %d to %d", total, least, most)
		}
	})
}

func TestSetVariants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	two := []eval.WeightedVariant{variable("a"), variable("b")}
	set := func(envs ...string) func() error {
		return func() error { return w.SetVariants(ctx, root, "default", "green-flag", envs, two) }
	}
	w.leaves(t, []change{
		{"both", set("development", "production"), []string{"variant.update", "variant.update"}},
		{"the same", set("production"), []string{}},
		{"none", func() error {
			return w.SetVariants(ctx, root, "default", "green-flag", []string{"production"}, nil)
		}, []string{"variant.update"}},
	})
	wantErr(t, set()(), control.Invalid, "environments")
	wantErr(t, set("production", "moon")(), control.NotFound, "")
	w.started(t)
	wantErr(t, w.SetVariants(ctx, root, "blue", "blue-flag", []string{"production"}, two), control.Conflict, "")
}
