package eval_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// The user 123 of the group gr1 is at 796 of 1000 (unleash client
// specification's hash), so that the cumulative weights around it decide.
func TestVariant(t *testing.T) {
	t.Parallel()
	user := &eval.Context{UserID: "123"}
	strategy := func(variants string) string {
		return `"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"100","stickiness":"userId","groupId":"gr1"},"variants":` + variants + `}]`
	}
	none := func(on bool) eval.Variant { return eval.Variant{Name: "disabled", FeatureEnabled: on} }
	named := func(name string) eval.Variant { return eval.Variant{Name: name, Enabled: true, FeatureEnabled: true} }
	for _, tc := range []struct {
		name, fields string
		context      *eval.Context
		want         eval.Variant
	}{
		{"no variants", strategy(`[]`), user, none(true)},
		{"no strategies, no variants", `"strategies":[]`, user, none(true)},
		{"first", strategy(`[{"name":"a","weight":796},{"name":"b","weight":204}]`), user, named("a")},
		{"second", strategy(`[{"name":"a","weight":795},{"name":"b","weight":205}]`), user, named("b")},
		{"weight 0", strategy(`[{"name":"a","weight":0},{"name":"b","weight":1}]`), user, named("b")},
		{"all weights 0", strategy(`[{"name":"a","weight":0}]`), user, none(true)},
		{
			"payload", strategy(`[{"name":"a","weight":1,"payload":{"type":"json","value":"{}"}}]`), user,
			eval.Variant{Name: "a", Enabled: true, FeatureEnabled: true, Payload: &eval.Payload{Type: "json", Value: "{}"}},
		},
		{"the strategy's come before the flag's", strategy(`[{"name":"a","weight":1}]`) + `,"variants":[{"name":"v","weight":1}]`, user, named("a")},
		{"the flag's without the strategy's", strategy(`null`) + `,"variants":[{"name":"v","weight":1}]`, user, named("v")},
		{"the flag's without strategies", `"variants":[{"name":"v","weight":1}]`, user, named("v")},
		{"a missing id is left to chance", strategy(`[{"name":"a","weight":500,"stickiness":"p"},{"name":"b","weight":500}]`), user, named("b")},
		{"random", strategy(`[{"name":"a","weight":501,"stickiness":"random"},{"name":"b","weight":499}]`), user, named("a")},
		{
			"the first one's stickiness", strategy(`[{"name":"a","weight":500,"stickiness":"p"},{"name":"b","weight":500,"stickiness":"userId"}]`),
			&eval.Context{UserID: "x", Properties: map[string]string{"p": "123"}}, named("b"),
		},
		{"no strategy matches", `"strategies":[{"name":"userWithId","parameters":{"userIds":"x"}}],"variants":[{"name":"v","weight":1}]`, user, none(false)},
		{"the first strategy that matches", `"strategies":[
			{"name":"userWithId","parameters":{"userIds":"x"},"variants":[{"name":"a","weight":1}]},
			{"name":"default","variants":[{"name":"b","weight":1}]},
			{"name":"default","variants":[{"name":"c","weight":1}]}]`, user, named("b")},
		{"override", `"variants":[{"name":"a","weight":1},{"name":"b","weight":0,"overrides":[{"contextName":"userId","values":["9","123"]}]}]`, user, named("b")},
		{
			"override by a property", `"variants":[{"name":"a","weight":1},{"name":"b","weight":0,"overrides":[{"contextName":"p","values":["q"]}]}]`,
			&eval.Context{Properties: map[string]string{"p": "q"}}, named("b"),
		},
		{"first override", `"variants":[{"name":"a","weight":1},
			{"name":"b","weight":0,"overrides":[{"contextName":"appName","values":["x"]},{"contextName":"userId","values":["123"]}]},
			{"name":"c","weight":0,"overrides":[{"contextName":"userId","values":["123"]}]}]`, user, named("b")},
		{"a strategy has no overrides", strategy(`[{"name":"a","weight":1},{"name":"b","weight":0,"overrides":[{"contextName":"userId","values":["123"]}]}]`), user, named("a")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			set := compile(t, flag("%s", tc.fields))
			got := set.Variant("f", tc.context)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Variant (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, set.Explain("f", tc.context).Variant); diff != "" {
				t.Errorf("Explain differs (-Variant +Explain):\n%s", diff)
			}
		})
	}
}

func TestVariantOnTheWire(t *testing.T) {
	t.Parallel()
	set := compile(t, flag(`"variants":[{"name":"a","weight":1,"payload":{"type":"string","value":""}}]`))
	for flag, want := range map[string]string{
		"f":       `{"name":"a","enabled":true,"feature_enabled":true,"payload":{"type":"string","value":""}}`,
		"unknown": `{"name":"disabled","enabled":false,"feature_enabled":false}`,
	} {
		got, err := json.Marshal(set.Variant(flag, nil))
		if err != nil || string(got) != want {
			t.Errorf("Variant(%s) = %s, %v, want %s", flag, got, err, want)
		}
	}
}

func TestDependencies(t *testing.T) {
	t.Parallel()
	const parents = `
		{"name":"on","enabled":true,"strategies":[{"name":"default","variants":[{"name":"v","weight":1}]}]},
		{"name":"off","enabled":false},
		{"name":"child","enabled":true,"dependencies":[{"feature":"on"}]},
		{"name":"broken","enabled":true,"strategies":[{"name":"default","segments":[404]}]},
		{"name":"user","enabled":true,"strategies":[{"name":"userWithId","parameters":{"userIds":"u"}}]},`
	for _, tc := range []struct {
		dependencies, parent string
		want                 bool
	}{
		{`[]`, "", true},
		{`[{"feature":"on"}]`, "", true},
		{`[{"feature":"on","enabled":null}]`, "", true},
		{`[{"feature":"on","enabled":false}]`, "on", false},
		{`[{"feature":"off"}]`, "off", false},
		{`[{"feature":"off","enabled":false}]`, "", true},
		{`[{"feature":"off","enabled":false,"variants":["x"]}]`, "", true},
		{`[{"feature":"none"}]`, "none", false},
		{`[{"feature":"none","enabled":false}]`, "none", false},
		{`[{"feature":"child"}]`, "child", false},
		{`[{"feature":"f"}]`, "f", false},
		{`[{"feature":"broken"}]`, "broken", false},
		{`[{"feature":"on","variants":["v","w"]}]`, "", true},
		{`[{"feature":"on","variants":["w"]}]`, "on", false},
		{`[{"feature":"user","variants":["disabled"]}]`, "", true},
		{`[{"feature":"user","variants":["w"]}]`, "user", false},
		{`[{"feature":"on"},{"feature":"off"}]`, "off", false},
	} {
		t.Run(tc.dependencies, func(t *testing.T) {
			t.Parallel()
			set, _ := options.Compile(decode(t, `{"features":[`+parents+`{"name":"f","enabled":true,"dependencies":`+tc.dependencies+`}]}`))
			c := &eval.Context{UserID: "u"}
			if got := on(t, set, c); got != tc.want {
				t.Errorf("on = %v, want %v", got, tc.want)
			}
			if e := set.Explain("f", c); e.Parent != tc.parent {
				t.Errorf("Explain: parent %q, want %q (%s)", e.Parent, tc.parent, e.Message)
			}
		})
	}
}
