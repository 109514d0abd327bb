package flaggen

import "github.com/lockflight/lockflight/sdk/eval"

// payloads is one of each type, and none.
var payloads = []*eval.Payload{
	nil,
	{Type: "string", Value: "blue \"ü\""},
	{Type: "number", Value: "12.5"},
	{Type: "json", Value: `{"colour":"red","sizes":[1,2]}`},
	{Type: "csv", Value: "a,b,c"},
}

// variants draws two to four variants, chosen by a stickiness, whose weights
// are as a server stores them: 1000 in all, shared evenly by the variable ones.
func (g *generator) variants(stickiness string) []eval.WeightedVariant {
	out := make([]eval.WeightedVariant, 2+g.IntN(3))
	left, variable := 1000, len(out)
	for i := range out {
		out[i] = eval.WeightedVariant{Name: "variant-" + string(rune('a'+i)), WeightType: "variable", Stickiness: stickiness, Payload: pick(g, payloads)}
	}
	if g.chance(2) {
		out[0].WeightType, out[0].Weight = "fix", 100+g.IntN(300)
		left, variable = left-out[0].Weight, variable-1
	}
	for i := range out {
		if out[i].WeightType == "variable" {
			out[i].Weight = (left + variable - 1) / variable
			left, variable = left-out[i].Weight, variable-1
		}
	}
	return out
}

// override gives some contexts the last variant, whatever they hash to.
func (g *generator) override(variants []eval.WeightedVariant) {
	last := &variants[len(variants)-1]
	last.Overrides = []eval.Override{
		{ContextName: "userId", Values: some(g, 40, users)},
		{ContextName: "region", Values: some(g, 2, regions)},
	}
}
