package eval_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

// release is a flag whose release is at a percentage, with more fields of its
// strategy.
func release(percent int, more string) string {
	return flag(`"strategies":[{"name":"userWithId","parameters":{"userIds":"vip"}},
		{"name":"flexibleRollout","parameters":{"rollout":%q,"stickiness":"userId","groupId":"gr1","release":"rel-1"}%s}]`,
		strconv.Itoa(percent), more)
}

// The user 123 of gr1 is in bucket 73, so in control from 28 % to 50 %.
func TestAssign(t *testing.T) {
	t.Parallel()
	const onlyApp = `,"constraints":[{"contextName":"appName","operator":"IN","values":["a"]}]`
	user := &eval.Context{UserID: "123"}
	for _, tc := range []struct {
		name, document string
		c              *eval.Context
		arm            string // empty: not eligible
		percent        int
	}{
		{"0 %", release(0, ""), user, eval.Rest, 0},
		{"before control", release(27, ""), user, eval.Rest, 27},
		{"control", release(28, ""), user, eval.Control, 28},
		{"still control", release(50, ""), user, eval.Control, 50},
		{"who is left above 50 %", release(51, ""), user, eval.Control, 51},
		{"treatment", release(73, ""), user, eval.Treatment, 73},
		{"100 %", release(100, ""), user, eval.Treatment, 100},
		{"more than 100 %", release(250, ""), user, eval.Treatment, 100},
		{"eligible", release(50, onlyApp), &eval.Context{UserID: "123", AppName: "a"}, eval.Control, 50},
		{"excluded by a constraint", release(100, onlyApp), user, "", 0},
		{"no unit", release(100, ""), &eval.Context{SessionID: "123"}, "", 0},
		{"no context", release(100, ""), nil, "", 0},
		{"no release", flag(`"strategies":[{"name":"default"}]`), user, "", 0},
		{"off", `{"features":[{"name":"f","enabled":false,"strategies":[{"name":"flexibleRollout",
			"parameters":{"rollout":"50","stickiness":"userId","groupId":"gr1","release":"rel-1"}}]}]}`, user, "", 0},
		{"parent off", flag(`"dependencies":[{"feature":"p"}],"strategies":[{"name":"flexibleRollout",
			"parameters":{"rollout":"50","stickiness":"userId","groupId":"gr1","release":"rel-1"}}]`), user, "", 0},
		{"first of two", flag(`"strategies":[
			{"name":"flexibleRollout","parameters":{"rollout":"28","stickiness":"userId","groupId":"gr1","release":"rel-1"}},
			{"name":"flexibleRollout","parameters":{"rollout":"99","stickiness":"userId","groupId":"gr1","release":"rel-2"}}]`), user, eval.Control, 28},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want := eval.Assignment{}
			if tc.arm != "" {
				want = eval.Assignment{Release: "rel-1", Arm: tc.arm, Unit: "123", Percent: tc.percent}
			}
			got, ok := compile(t, tc.document).Assign("f", tc.c)
			if diff := cmp.Diff(want, got); diff != "" || ok != (tc.arm != "") {
				t.Errorf("Assign ok = %v (-want +got):\n%s", ok, diff)
			}
		})
	}
	if _, ok := compile(t, release(50, "")).Assign("unknown", user); ok {
		t.Error("Assign of an unknown flag is ok")
	}
}

// A release without chosen units has no arms.
func TestAssignNeedsUnits(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{
		`{"name":"flexibleRollout","parameters":{"rollout":"50","stickiness":"default","groupId":"g","release":"r"}}`,
		`{"name":"flexibleRollout","parameters":{"rollout":"50","stickiness":"random","groupId":"g","release":"r"}}`,
		`{"name":"flexibleRollout","parameters":{"stickiness":"userId","groupId":"g","release":"r"}}`,
		`{"name":"default","parameters":{"release":"r"}}`,
	} {
		set, warnings := options.Compile(decode(t, flag(`"strategies":[%s]`, strategy)))
		if a, ok := set.Assign("f", &eval.Context{UserID: "u"}); ok || len(warnings) == 0 {
			t.Errorf("%s: Assign = %+v, %v, warnings %v; want none and a warning", strategy, a, ok, warnings)
		}
	}
}

// The laws of the arms: who is served the new build is treatment, and as the
// release grows to 50 %, units only join an arm, never leave or change it.
func TestArmsOnlyGrow(t *testing.T) {
	var sets [101]*eval.Set
	for percent := range sets {
		sets[percent] = compile(t, release(percent, ""))
	}
	rapid.Check(t, func(t *rapid.T) {
		c := &eval.Context{UserID: rapid.StringMatching(`[a-z0-9-]{1,12}`).Filter(func(s string) bool { return s != "vip" }).Draw(t, "unit")}
		before := eval.Rest
		for percent, set := range sets {
			a, ok := set.Assign("f", c)
			on, _ := set.Bool("f", c)
			if !ok || on != (a.Arm == eval.Treatment) {
				t.Fatalf("at %d %%: arm %q, %v, on %v", percent, a.Arm, ok, on)
			}
			joined := before == eval.Rest || a.Arm == before
			if percent <= 50 && !joined || before == eval.Treatment && a.Arm != before {
				t.Fatalf("at %d %%: moved from %s to %s", percent, before, a.Arm)
			}
			before = a.Arm
		}
		if before != eval.Treatment {
			t.Fatalf("at 100 %%: %s", before)
		}
	})
}

// Both arms are about as large as the percentage says.
func TestArmsAreEquallyLarge(t *testing.T) {
	t.Parallel()
	const units, percent = 20_000, 10
	set := compile(t, release(percent, ""))
	count := map[string]int{}
	for i := range units {
		a, _ := set.Assign("f", &eval.Context{UserID: fmt.Sprintf("unit-%d", i)})
		count[a.Arm]++
	}
	const want, tolerance = units * percent / 100, 200 // over four standard deviations
	for _, arm := range []string{eval.Treatment, eval.Control} {
		if n := count[arm]; n < want-tolerance || n > want+tolerance {
			t.Errorf("%s has %d of %d units, want about %d", arm, n, units, want)
		}
	}
}
