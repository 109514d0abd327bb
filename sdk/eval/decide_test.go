package eval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	const (
		ada       = `{"name":"userWithId","parameters":{"userIds":"ada,tom"}}`
		half      = `{"name":"flexibleRollout","parameters":{"rollout":"50","stickiness":"userId","groupId":"f"}}`
		all       = `{"name":"flexibleRollout","parameters":{"rollout":"100","stickiness":"userId","groupId":"f"}}`
		none      = `{"name":"flexibleRollout","parameters":{"rollout":"0","stickiness":"userId","groupId":"f"}}`
		everybody = `{"name":"default"}`
		adasHalf  = `{"name":"flexibleRollout","parameters":{"rollout":"50","stickiness":"userId","groupId":"f"},
			"constraints":[{"contextName":"userId","operator":"IN","values":["ada"]}]}`
		complete = `{"name":"flexibleRollout","parameters":{"rollout":"100","stickiness":"userId","groupId":"r","release":"r"}}`
	)
	for _, tc := range []struct {
		name, flag, user string
		reason           eval.Reason
		basis            eval.Basis
		strategy         int
	}{
		{"off", `"enabled":false`, "ada", eval.ReasonDisabled, eval.BasisStatic, -1},
		{"faulty", `"strategies":[{"name":"default","segments":[9]}]`, "ada", eval.ReasonInvalid, eval.BasisStatic, -1},
		{"orphan", `"dependencies":[{"feature":"gone"}]`, "ada", eval.ReasonParent, eval.BasisDefault, -1},
		{"bare", ``, "ada", eval.ReasonNoStrategy, eval.BasisStatic, -1},
		{"everybody", `"strategies":[` + everybody + `]`, "ada", eval.ReasonMatch, eval.BasisStatic, 0},
		{"targeted", `"strategies":[` + ada + `]`, "ada", eval.ReasonMatch, eval.BasisTargeting, 0},
		{"not targeted", `"strategies":[` + ada + `]`, "bob", eval.ReasonNoMatch, eval.BasisDefault, -1},
		{"what is left", `"strategies":[` + ada + `,` + everybody + `]`, "bob", eval.ReasonMatch, eval.BasisDefault, 1},
		{"in a rollout", `"strategies":[` + half + `]`, "ada", eval.ReasonMatch, eval.BasisSplit, 0},
		{"out of a rollout", `"strategies":[` + half + `]`, "tom", eval.ReasonNoMatch, eval.BasisSplit, -1},
		{"split off by a rollout", `"strategies":[` + half + `,` + everybody + `]`, "tom", eval.ReasonMatch, eval.BasisSplit, 1},
		{"targeted after a rollout", `"strategies":[` + half + `,` + ada + `]`, "tom", eval.ReasonMatch, eval.BasisTargeting, 1},
		{"not eligible for a rollout", `"strategies":[` + adasHalf + `]`, "bob", eval.ReasonNoMatch, eval.BasisDefault, -1},
		{"all of a rollout", `"strategies":[` + all + `]`, "ada", eval.ReasonMatch, eval.BasisStatic, 0},
		{"none of a rollout", `"strategies":[` + none + `]`, "ada", eval.ReasonNoMatch, eval.BasisDefault, -1},
		{"a release at 100 %", `"strategies":[` + complete + `]`, "ada", eval.ReasonMatch, eval.BasisSplit, 0},
		{"one variant", `"variants":[{"name":"a","weight":0},{"name":"b","weight":9}]`, "ada", eval.ReasonNoStrategy, eval.BasisStatic, -1},
		{"two variants", `"variants":[{"name":"a","weight":1},{"name":"b","weight":9}]`, "ada", eval.ReasonNoStrategy, eval.BasisSplit, -1},
		{
			"an override", `"variants":[{"name":"a","weight":1},
				{"name":"b","weight":9,"overrides":[{"contextName":"userId","values":["ada"]}]}]`,
			"ada", eval.ReasonNoStrategy, eval.BasisTargeting, -1,
		},
		{"weightless variants", `"variants":[{"name":"a","weight":0}]`, "ada", eval.ReasonNoStrategy, eval.BasisStatic, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			body := tc.flag
			if body == "" {
				body = `"stale":false`
			}
			set, _ := options.Compile(decode(t, flag("%s", body)))
			got := set.Decide("f", &eval.Context{UserID: tc.user})
			want := eval.Decision{Variant: got.Variant, Reason: tc.reason, Basis: tc.basis, Strategy: tc.strategy}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What Decide answers is what Variant, Bool and Explain answer.
func TestDecideAgrees(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		set, _ := options.Compile(genSnapshot(r))
		c := genContext(r)
		for _, name := range []string{"a", "b", "c", "d", "ü"} {
			got, e := set.Decide(name, c), set.Explain(name, c)
			want := eval.Decision{Variant: e.Variant, Reason: e.Reason, Strategy: e.Strategy, Basis: got.Basis}
			if diff := cmp.Diff(want, got); diff != "" {
				r.Fatalf("Decide(%s) (-Explain +Decide):\n%s", name, diff)
			}
			if on, _ := set.Bool(name, c); on != got.Variant.FeatureEnabled {
				r.Fatalf("Bool(%s) = %v, Decide %v", name, on, got.Variant.FeatureEnabled)
			}
			if !got.Variant.FeatureEnabled && got.Basis == eval.BasisTargeting {
				r.Fatalf("Decide(%s) = %+v: nothing targets a context with a flag that is off", name, got)
			}
		}
	})
	set, _ := eval.Compile(eval.Snapshot{})
	if got := set.DecideAt(0, nil); got.Reason != eval.ReasonUnknown {
		t.Errorf("of no flag: %+v", got)
	}
}
