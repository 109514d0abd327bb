package mcpserver

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// operation is one step of a plan, in the words of plan_change.
type operation struct {
	Op                string          `json:"op"`
	FeatureName       string          `json:"featureName"`
	Environment       string          `json:"environment"`
	RolloutPercentage *float64        `json:"rolloutPercentage"`
	Stickiness        string          `json:"stickiness"`
	StrategyID        string          `json:"strategyId"`
	Value             json.RawMessage `json:"value"`
}

// flagEdit is the value of update_flag; what is absent stays.
type flagEdit struct {
	Type           *string `json:"type"`
	Description    *string `json:"description"`
	ImpressionData *bool   `json:"impressionData"`
	Stale          *bool   `json:"stale"`
}

type variantsValue struct {
	Variants []eval.WeightedVariant `json:"variants"`
}

// editing is a flag while operations are carried out on what files would hold of
// it: ids are the strategies', in their order, empty for new ones.
type editing struct {
	control.FlagSpec

	ids map[string][]string
}

func edit(d control.FlagDraft) *editing {
	e := &editing{FlagSpec: d.Spec, ids: map[string][]string{}}
	for _, fe := range d.View.Environments {
		for _, st := range fe.Strategies {
			e.ids[fe.Environment] = append(e.ids[fe.Environment], st.ID)
		}
	}
	return e
}

// operations are what there is to do to a flag, and to it in an environment.
var operations = map[string]func(*editing, operation) error{
	"update_flag": (*editing).update, "add_tag": (*editing).addTag, "remove_tag": (*editing).removeTag,
	"set_variants": (*editing).setVariants,
	"enable":       within((*editing).enable), "disable": within((*editing).disable),
	"set_rollout": within((*editing).setRollout), "set_strategy": within((*editing).setStrategy),
	"remove_strategy": within((*editing).removeStrategy),
}

// within carries out an operation on the environment that it names.
func within(do func(*editing, operation, *control.EnvSpec) error) func(*editing, operation) error {
	return func(e *editing, op operation) error {
		env, ok := e.Environments[op.Environment]
		if !ok {
			return control.Invalidf("environment", "%q is none of flag %q: it has %v", op.Environment, e.Name, slices.Sorted(maps.Keys(e.Environments)))
		}
		env.Strategies = slices.Clone(env.Strategies)
		err := do(e, op, &env)
		e.Environments[op.Environment] = env
		return err
	}
}

// enable switches on. With no strategy that counts, it is on for everyone, as
// with the admin API.
func (e *editing) enable(op operation, env *control.EnvSpec) error {
	env.Enabled = true
	if !slices.ContainsFunc(env.Strategies, func(st control.StrategySpec) bool { return !st.Disabled }) {
		e.add(op, env, e.share("100", ""))
	}
	return nil
}

func (e *editing) disable(_ operation, env *control.EnvSpec) error {
	env.Enabled = false
	return nil
}

// share is a rollout to a share of the subjects, in percent.
func (e *editing) share(percent, stickiness string) control.StrategySpec {
	if stickiness == "" {
		stickiness = "default"
	}
	return control.StrategySpec{
		Name: flexibleRollout, Parameters: eval.Parameters{"rollout": percent, "stickiness": stickiness, "groupId": e.Name},
	}
}

func (e *editing) add(op operation, env *control.EnvSpec, st control.StrategySpec) {
	env.Strategies = append(env.Strategies, st)
	e.ids[op.Environment] = append(e.ids[op.Environment], "")
}

// setRollout changes the share of the strategy that it names, or of the only
// one, or adds one where there is none. It switches nothing on.
func (e *editing) setRollout(op operation, env *control.EnvSpec) error {
	if op.RolloutPercentage == nil || *op.RolloutPercentage != float64(int(*op.RolloutPercentage)) {
		return control.Invalidf("rolloutPercentage", "must be a whole number from 0 to 100")
	}
	percent := strconv.Itoa(int(*op.RolloutPercentage))
	if op.StrategyID == "" && len(env.Strategies) == 0 {
		e.add(op, env, e.share(percent, op.Stickiness))
		return nil
	}
	at := 0
	if op.StrategyID != "" || len(env.Strategies) > 1 {
		var err error
		if at, err = e.find(op); err != nil {
			return err
		}
	}
	st := &env.Strategies[at]
	if st.Name != flexibleRollout {
		return control.Invalidf("strategyId", "is a strategy %q, which has no rollout: replace it with set_strategy", st.Name)
	}
	st.Parameters = maps.Clone(st.Parameters)
	st.Parameters["rollout"] = percent
	if op.Stickiness != "" {
		st.Parameters["stickiness"] = op.Stickiness
	}
	return nil
}

// find returns the place of the strategy that an operation names.
func (e *editing) find(op operation) (int, error) {
	ids := e.ids[op.Environment]
	if at := slices.Index(ids, op.StrategyID); at >= 0 && op.StrategyID != "" {
		return at, nil
	}
	return 0, control.Invalidf("strategyId", "%q is none of flag %q in %s: it has %q", op.StrategyID, e.Name, op.Environment, ids)
}

// setStrategy replaces the strategy that it names, or adds one.
func (e *editing) setStrategy(op operation, env *control.EnvSpec) error {
	var st control.StrategySpec
	if err := op.value(&st); err != nil {
		return err
	}
	if st.Title = plain(st.Title); op.StrategyID == "" {
		e.add(op, env, st)
		return nil
	}
	at, err := e.find(op)
	if err == nil {
		env.Strategies[at] = st
	}
	return err
}

// removeStrategy switches off where no strategy that counts is left.
func (e *editing) removeStrategy(op operation, env *control.EnvSpec) error {
	at, err := e.find(op)
	if err != nil {
		return err
	}
	env.Strategies = slices.Delete(env.Strategies, at, at+1)
	e.ids[op.Environment] = slices.Delete(e.ids[op.Environment], at, at+1)
	if !slices.ContainsFunc(env.Strategies, func(st control.StrategySpec) bool { return !st.Disabled }) {
		env.Enabled = false
	}
	return nil
}

// setVariants sets those of one environment, or of all where none is named.
func (e *editing) setVariants(op operation) error {
	var in variantsValue
	if err := op.value(&in); err != nil {
		return err
	}
	set := within(func(_ *editing, _ operation, env *control.EnvSpec) error {
		env.Variants = in.Variants
		return nil
	})
	if op.Environment != "" {
		return set(e, op)
	}
	for name := range e.Environments {
		op.Environment = name
		if err := set(e, op); err != nil {
			return err
		}
	}
	return nil
}

func (e *editing) update(op operation) error {
	var in flagEdit
	if err := op.value(&in); err != nil {
		return err
	}
	if in.Description != nil {
		e.Description = plain(*in.Description)
	}
	replace(&e.Type, in.Type)
	replace(&e.ImpressionData, in.ImpressionData)
	replace(&e.Stale, in.Stale)
	return nil
}

func replace[T any](old, with *T) {
	if with != nil {
		*old = *with
	}
}

func (e *editing) addTag(op operation) error {
	tag, err := op.tag()
	if err == nil && !slices.Contains(e.Tags, tag) {
		e.Tags = append(slices.Clone(e.Tags), tag)
	}
	return err
}

func (e *editing) removeTag(op operation) error {
	tag, err := op.tag()
	e.Tags = slices.DeleteFunc(slices.Clone(e.Tags), func(t control.Tag) bool { return t == tag })
	return err
}

func (op operation) tag() (control.Tag, error) {
	tag := control.Tag{Type: "simple"}
	return tag, op.value(&tag)
}

// value reads the value of an operation, as strictly as a body of the admin API.
func (op operation) value(into any) error {
	if len(op.Value) == 0 {
		return control.Invalidf("value", "is needed by op %s", op.Op)
	}
	return asValue(httpapi.AdminBody.Unmarshal(op.Value, into))
}
