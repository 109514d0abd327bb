package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// lottery is a custom strategy.
var lottery = control.StrategyType{Name: "lottery", Parameters: []control.StrategyParameter{
	{Name: "odds", Type: "percentage", Required: true},
	{Name: "tickets", Type: "number"},
	{Name: "fair", Type: "boolean"},
	{Name: "rollout", Type: "string"},
}}

func aLottery(t *testing.T, w *world) string {
	check(t, w.CreateStrategyType(t.Context(), root, lottery))
	return ""
}

// TestCustomStrategy puts one on a flag, where it is served as it is, and keeps
// its definition as long as it is there.
func TestCustomStrategy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	custom := func(parameters eval.Parameters) control.Strategy {
		return control.Strategy{Strategy: eval.Strategy{Name: "lottery", Parameters: parameters}}
	}
	_, err := w.AddStrategy(t.Context(), root, production, custom(eval.Parameters{"odds": "1"}))
	wantErr(t, err, control.Invalid, "strategies[0].name")
	aLottery(t, w)
	for field, parameters := range map[string]eval.Parameters{
		"odds": {}, "tickets": {"odds": "1", "tickets": "many"}, "fair": {"odds": "1", "fair": "perhaps"}, "release": {"odds": "1", "release": "rel-1"},
	} {
		_, err := w.AddStrategy(t.Context(), root, production, custom(parameters))
		wantErr(t, err, control.Invalid, "strategies[0].parameters."+field)
	}
	want := eval.Parameters{"odds": "0.5", "tickets": "7", "fair": "true", "rollout": "wild"}
	st := must(w.AddStrategy(t.Context(), root, production, custom(want)))(t)
	must(w.SetEnabled(t.Context(), root, production, true))(t)
	served := w.servedFlag(t, production).Strategies
	diff(t, "served", []eval.Strategy{{Name: "lottery", Parameters: want, Constraints: []eval.Constraint{}}}, served)

	wantErr(t, w.DeleteStrategyType(t.Context(), root, "lottery"), control.Conflict, "")
	check(t, w.DeleteStrategy(t.Context(), root, production, st.ID))
	check(t, w.DeleteStrategyType(t.Context(), root, "lottery"))
}

// TestStandingTags lists what was created and what flags have, each once.
func TestStandingTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check(t, w.CreateTagType(t.Context(), root, control.TagType{Name: "team", Color: "#00ff00"}))
	web, pay := control.Tag{Type: "team", Value: "web"}, control.Tag{Type: "team", Value: "pay"}
	must(w.CreateTag(t.Context(), root, control.StandingTag{Tag: web, Color: "#ff0000"}))(t)
	check(t, w.TagFlags(t.Context(), root, "blue", []string{"blue-flag"}, []control.Tag{web, pay}, nil))
	want := []control.StandingTag{{Tag: pay, Color: "#00ff00"}, {Tag: web, Color: "#ff0000"}}
	diff(t, "tags", want, must(w.StandingTags(t.Context(), root, ""))(t))
	diff(t, "tags of a type", want, must(w.StandingTags(t.Context(), root, "team"))(t))
	diff(t, "tags of another", 0, len(must(w.StandingTags(t.Context(), root, "simple"))(t)))
	wantErr(t, w.DeleteTag(t.Context(), root, web), control.Conflict, "")
	check(t, w.TagFlags(t.Context(), root, "blue", []string{"blue-flag"}, nil, []control.Tag{web, pay}))
	diff(t, "tags", want[1:], must(w.StandingTags(t.Context(), root, ""))(t))
	wantErr(t, w.DeleteTagType(t.Context(), root, "team"), control.Conflict, "")
	check(t, w.DeleteTag(t.Context(), root, web))
	check(t, w.DeleteTagType(t.Context(), root, "team"))
}
