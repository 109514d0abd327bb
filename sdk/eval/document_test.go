package eval_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Documents in the wild hold numbers, booleans and nulls where strings belong.
func TestDecodeLoosely(t *testing.T) {
	t.Parallel()
	got := decode(t, `{"version":2,"features":[{"name":"f","description":null,"impressionData":null,"extra":[1],
		"strategies":[{"name":"x","id":"unknown field",
			"parameters":{"rollout":50,"ratio":3.50,"flag":true,"none":null,"list":["a",1],"text":"t"},
			"constraints":[
				{"contextName":"n","operator":"NUM_GT","value":12.50,"values":null},
				{"contextName":"n","operator":"IN","values":[1,"two",false,null],"inverted":true,"caseInsensitive":true}]}]}]}`)
	want := eval.Snapshot{Version: 2, Features: []eval.Flag{{Name: "f", Strategies: []eval.Strategy{{
		Name:       "x",
		Parameters: eval.Parameters{"rollout": "50", "ratio": "3.50", "flag": "true", "list": `["a",1]`, "text": "t"},
		Constraints: []eval.Constraint{
			{ContextName: "n", Operator: "NUM_GT", Value: "12.50", Values: []string{}},
			{ContextName: "n", Operator: "IN", Values: []string{"1", "two", "false", ""}, Inverted: true, CaseInsensitive: true},
		},
	}}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decode (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		`[]`, `{"features":{}}`, `{"features":[{"name":1}]}`,
		`{"features":[{"strategies":[{"parameters":[]}]}]}`,
		`{"features":[{"strategies":[{"constraints":[{"operator":7}]}]}]}`,
		`{"features":[{"strategies":[{"constraints":[{"values":"a"}]}]}]}`,
	} {
		var s eval.Snapshot
		if err := json.Unmarshal([]byte(document), &s); err == nil {
			t.Errorf("decode %s = %+v, want an error", document, s)
		}
	}
}
