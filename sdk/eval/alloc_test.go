//go:build !race

// Under the race detector a sync.Pool forgets at random, as does package
// regexp's own, so that nothing can be said about allocations there.

package eval_test

import (
	"fmt"
	"testing"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Every operator and rule, with values that it accepts, rejects and cannot
// parse: none of them allocates. One flag each, since a strategy stops at the
// first constraint that fails.
func TestNoAllocation(t *testing.T) {
	var snapshot eval.Snapshot
	add := func(st eval.Strategy) {
		st.Variants = []eval.WeightedVariant{
			{Name: "a", Weight: 1, Stickiness: "p", Payload: &eval.Payload{Type: "string", Value: "x"}}, {Name: "b", Weight: 1},
		}
		snapshot.Features = append(snapshot.Features, eval.Flag{
			Name: fmt.Sprint("flag-", len(snapshot.Features)), Enabled: true,
			Strategies: []eval.Strategy{st}, Dependencies: []eval.Dependency{{Feature: "parent", Variants: []string{"v"}}},
		})
	}
	list := []string{"no", "1.2.3", "2026", "10.0.0.0/8", "ab", "cd", "ef", "gh"}
	for operator, value := range map[string]string{
		"IN": "", "NOT_IN": "", "STR_STARTS_WITH": "", "STR_ENDS_WITH": "", "STR_CONTAINS": "", "IN_CIDR": "",
		"NUM_EQ": "1", "NUM_GT": "1", "NUM_GTE": "1", "NUM_LT": "1", "NUM_LTE": "1",
		"SEMVER_EQ": "1.0.0", "SEMVER_GT": "1.0.0", "SEMVER_GTE": "1.0.0", "SEMVER_LT": "1.0.0", "SEMVER_LTE": "1.0.0-a.1",
		"DATE_AFTER": "2026-01-01T00:00:00Z", "DATE_BEFORE": "2026-01-01T00:00:00Z", "REGEX": "^a(b+|c)d?",
	} {
		for _, field := range []string{"p", "currentTime"} {
			for _, noCase := range []bool{false, true} {
				add(eval.Strategy{Name: "default", Constraints: []eval.Constraint{
					{ContextName: field, Operator: operator, Value: value, Values: list, CaseInsensitive: noCase},
				}})
			}
		}
	}
	for _, stickiness := range []string{"default", "random", "userId", "p"} {
		add(eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{
			"rollout": "50", "stickiness": stickiness, "groupId": "g", "release": "r", "percentage": "50",
		}})
	}
	for _, name := range []string{"default", "userWithId", "remoteAddress", "applicationHostname", "gradualRolloutRandom", "custom"} {
		add(eval.Strategy{Name: name, Parameters: eval.Parameters{"userIds": "a,b", "IPs": "10.0.0.0/8", "hostNames": "web-1", "percentage": "50"}})
	}
	snapshot.Features = append(snapshot.Features, eval.Flag{
		Name: "parent", Enabled: true, Variants: []eval.WeightedVariant{{Name: "v", Weight: 1}},
	})
	set, _ := options.Compile(snapshot)
	for _, v := range []string{"no", "12.5e3", "twelve", "1.2.3-rc.1+x", "2026-11-22T10:00:00.5+02:00", "2001:db8::1", "10.1.2.3:80", "ABBÜ"} {
		c := &eval.Context{UserID: v, RemoteAddress: v, Properties: map[string]string{"p": v}}
		for i := range set.Len() {
			name := set.Name(i)
			allocs := testing.AllocsPerRun(20, func() {
				set.Bool(name, c)
				set.Variant(name, c)
				set.Assign(name, c)
				set.Decide(name, c)
			})
			if allocs != 0 {
				t.Errorf("%+v with %q: %v allocations, want 0", snapshot.Features[i].Strategies, v, allocs)
			}
		}
	}
}

// The caller's context does not escape, so that one made for a call stays on
// the stack, its properties included.
func TestContextStaysOnTheStack(t *testing.T) {
	set, _ := options.Compile(benchFlags())
	allocs := testing.AllocsPerRun(100, func() {
		set.Bool("D", &eval.Context{UserID: "u", Properties: map[string]string{"country": "no", "version": "2.0.0", "since": "2026-11-22T10:00:00Z"}})
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}
