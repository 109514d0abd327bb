package eval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	set, _ := options.Compile(decode(t, `{"features":[
		{"name":"off","enabled":false},
		{"name":"bare","enabled":true},
		{"name":"broken","enabled":true,"strategies":[{"name":"default","segments":[9]}]},
		{"name":"orphan","enabled":true,"dependencies":[{"feature":"gone"}]},
		{"name":"picky","enabled":true,"strategies":[
			{"name":"default","segments":[7],"constraints":[{"contextName":"appName","operator":"NOT_IN","values":["a","b","c","d"]}]},
			{"name":"default","segments":[7],"constraints":[{"contextName":"currentTime","operator":"DATE_AFTER","value":"2030-01-01T00:00:00Z","inverted":true}]},
			{"name":"flexibleRollout","parameters":{"rollout":"72","stickiness":"userId","groupId":"gr1"}},
			{"name":"flexibleRollout","parameters":{"rollout":"73","stickiness":"userId","groupId":"gr1"}}]}],
		"segments":[{"id":7,"constraints":[
			{"contextName":"userId","operator":"IN","values":["123"]},
			{"contextName":"plan","operator":"STR_STARTS_WITH","values":["pro"]}]}]}`))
	one, seven := 1, 7
	first, off := 0, eval.Variant{Name: "disabled"}
	onWithout := eval.Variant{Name: "disabled", FeatureEnabled: true}
	segment := eval.StrategyTrace{
		Name: "default", Segment: &seven, Constraint: &one,
		Message: `segment 7: plan STR_STARTS_WITH ["pro"] does not hold: the context lacks it`,
	}
	pro := map[string]string{"plan": "pro"}
	for _, tc := range []struct {
		flag string
		c    *eval.Context
		want eval.Explanation
	}{
		{"gone", nil, eval.Explanation{Variant: off, Reason: eval.ReasonUnknown, Strategy: -1, Message: "no such flag"}},
		{"off", nil, eval.Explanation{Known: true, Variant: off, Reason: eval.ReasonDisabled, Strategy: -1, Message: "the flag is switched off"}},
		{"bare", nil, eval.Explanation{
			Known: true, Enabled: true, Variant: onWithout, Reason: eval.ReasonNoStrategy, Strategy: -1, Message: "the flag is on and has no strategy",
		}},
		{"broken", nil, eval.Explanation{
			Known: true, Variant: off, Reason: eval.ReasonInvalid, Strategy: -1,
			Message: "the flag does not compile: strategy 0 (default): segment 9 is missing",
		}},
		{"orphan", nil, eval.Explanation{
			Known: true, Variant: off, Reason: eval.ReasonParent, Strategy: -1, Parent: "gone", Message: `the parent "gone" does not exist`,
		}},
		{"picky", &eval.Context{UserID: "123"}, eval.Explanation{
			Known: true, Enabled: true, Variant: onWithout, Reason: eval.ReasonMatch, Strategy: 3,
			Strategies: []eval.StrategyTrace{
				segment, segment,
				{Name: "flexibleRollout", Message: `"123" is in bucket 73 of 100, not in the first 72`},
				{Name: "flexibleRollout", Matches: true, Message: `"123" is in bucket 73 of 100, in the first 73`},
			},
			Message: `strategy 3 (flexibleRollout) matches: "123" is in bucket 73 of 100, in the first 73`,
		}},
		{"picky", &eval.Context{UserID: "123", AppName: "b", CurrentTime: at.AddDate(9, 0, 0), Properties: pro}, eval.Explanation{
			Known: true, Enabled: true, Variant: onWithout, Reason: eval.ReasonMatch, Strategy: 3,
			Strategies: []eval.StrategyTrace{
				{Name: "default", Constraint: &first, Message: `appName NOT_IN ["a" "b" "c"] and 1 more does not hold: it is "b"`},
				{Name: "default", Constraint: &first, Message: `currentTime not DATE_AFTER "2030-01-01T00:00:00Z" does not hold: it is 2035-11-22T10:00:00Z`},
				{Name: "flexibleRollout", Message: `"123" is in bucket 73 of 100, not in the first 72`},
				{Name: "flexibleRollout", Matches: true, Message: `"123" is in bucket 73 of 100, in the first 73`},
			},
			Message: `strategy 3 (flexibleRollout) matches: "123" is in bucket 73 of 100, in the first 73`,
		}},
		{"picky", &eval.Context{UserID: "123", Properties: pro}, eval.Explanation{
			Known: true, Enabled: true, Variant: onWithout, Reason: eval.ReasonMatch, Strategy: 0,
			Strategies: []eval.StrategyTrace{{Name: "default", Matches: true, Message: "it has nothing left to test"}},
			Message:    "strategy 0 (default) matches: it has nothing left to test",
		}},
	} {
		tc.want.Flag = tc.flag
		if diff := cmp.Diff(tc.want, set.Explain(tc.flag, tc.c)); diff != "" {
			t.Errorf("Explain(%s, %+v) (-want +got):\n%s", tc.flag, tc.c, diff)
		}
	}
}

// The words for each rule, matched or not.
func TestExplainRules(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		strategy string
		c        *eval.Context
		want     string
	}{
		{`{"name":"custom"}`, nil, "this engine does not have that strategy"},
		{`{"name":"applicationHostname"}`, nil, "this host is not in the list"},
		{`{"name":"flexibleRollout"}`, nil, "its parameters are faulty"},
		{`{"name":"userWithId","parameters":{"userIds":"a"}}`, nil, "the context lacks the value to look for"},
		{`{"name":"userWithId","parameters":{"userIds":"a"}}`, &eval.Context{UserID: "b"}, `"b" is not in the list`},
		{`{"name":"gradualRolloutUserId","parameters":{"percentage":"9","groupId":"g"}}`, nil, "the context lacks the value that decides the rollout"},
		{`{"name":"gradualRolloutRandom","parameters":{"percentage":"9"}}`, nil, "by chance it is not in the 9 %"},
	} {
		set, _ := options.Compile(decode(t, flag(`"strategies":[%s]`, tc.strategy)))
		e := set.Explain("f", tc.c)
		if e.Reason != eval.ReasonNoMatch || len(e.Strategies) != 1 || e.Strategies[0].Message != tc.want {
			t.Errorf("Explain with %s = %+v, want %q", tc.strategy, e, tc.want)
		}
	}
}
