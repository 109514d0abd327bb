package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// StrategyInput is a strategy as it is asked for.
type StrategyInput struct {
	Name        string                   `json:"name" doc:"flexibleRollout, default, userWithId..."`
	Title       string                   `json:"title,omitempty"`
	Disabled    bool                     `json:"disabled,omitempty"`
	Parameters  eval.Parameters          `json:"parameters,omitempty"`
	Constraints []control.ConstraintSpec `json:"constraints,omitempty"`
	Segments    []int                    `json:"segments,omitempty" doc:"ids"`
	Variants    []eval.WeightedVariant   `json:"variants,omitempty"`
}

func (in StrategyInput) strategy(id string) control.Strategy {
	return control.Strategy{ID: id, Title: in.Title, Disabled: in.Disabled, Strategy: eval.Strategy{
		Name: in.Name, Parameters: in.Parameters, Constraints: constraintsOf(in.Constraints), Segments: in.Segments, Variants: in.Variants,
	}}
}

func constraintsOf(specs []control.ConstraintSpec) []eval.Constraint {
	out := make([]eval.Constraint, 0, len(specs))
	for _, c := range specs {
		out = append(out, eval.Constraint(c))
	}
	return out
}

type strategyAddRequest struct {
	FlagEnvPath
	Body StrategyInput
}

// StrategyPath is the path of one strategy of a flag in an environment.
type StrategyPath struct {
	FlagEnvPath
	ID string `path:"id"`
}

type strategyPutRequest struct {
	StrategyPath
	Body StrategyInput
}

// OrderInput lists strategies in the order that they are to have.
type OrderInput struct {
	Strategies []string `json:"strategies" doc:"ids; those that are not named keep their place"`
}

type orderRequest struct {
	FlagEnvPath
	Body OrderInput
}

// VariantsInput is all the variants that a flag has of its own there.
type VariantsInput struct {
	Variants []eval.WeightedVariant `json:"variants"`
}

type variantsRequest struct {
	FlagEnvPath
	Body VariantsInput
}

func (a api) flagEnvironments(h huma.API) {
	const at = "/flags/{flag}/environments/{environment}"
	read(a, h, get(at, "getFlagEnvironment", "Get a flag's configuration in one environment"),
		func(ctx context.Context, p control.Principal, in *FlagEnvPath) (FlagEnvironment, error) {
			return a.flagEnvironment(ctx, p, *in)
		})
	write(a, h, post(at+"/on", "switchFlagOn", "Switch a flag on in one environment"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *FlagEnvPath) (Flag, error) {
			v, err := s.SetEnabled(ctx, p, in.ref(), true)
			return flagOf(v), err
		})
	// What reduces exposure is never made conditional.
	route(a, h, post(at+"/off", "switchFlagOff", "Switch a flag off in one environment"),
		func(ctx context.Context, p control.Principal, in *FlagEnvPath) (Flag, error) {
			v, err := a.Service.SetEnabled(ctx, p, in.ref(), false)
			return flagOf(v), err
		})
	write(a, h, create(at+"/strategies", "addStrategy", "Add a strategy to a flag in one environment"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *strategyAddRequest) (control.Strategy, error) {
			return s.AddStrategy(ctx, p, in.ref(), in.Body.strategy(""))
		})
	write(a, h, put(at+"/strategies/{id}", "putStrategy", "Replace a strategy"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *strategyPutRequest) (control.Strategy, error) {
			return s.UpdateStrategy(ctx, p, in.ref(), in.Body.strategy(in.ID))
		})
	write(a, h, remove(at+"/strategies/{id}", "deleteStrategy", "Delete a strategy; the last one switches the environment off"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *StrategyPath) (none, error) {
			return none{}, s.DeleteStrategy(ctx, p, in.ref(), in.ID)
		})
	write(a, h, post(at+"/strategies/order", "orderStrategies", "Put the strategies of a flag in one environment in order"), a.orderStrategies)
	write(a, h, put(at+"/variants", "putVariants", "Replace the variants that a flag has of its own in one environment"), a.putVariants)
}

func (a api) flagEnvironment(ctx context.Context, p control.Principal, at FlagEnvPath) (FlagEnvironment, error) {
	v, err := a.Service.Flag(ctx, p, "", at.Flag)
	if err != nil {
		return FlagEnvironment{}, err
	}
	for _, e := range v.Environments {
		if e.Environment == at.Environment {
			return flagEnvironmentOf(v, e), nil
		}
	}
	return FlagEnvironment{}, &control.Error{
		Kind: control.NotFound, Code: "not_found", Field: "environment", Msg: "the flag's project is not served there",
	}
}

func (a api) orderStrategies(ctx context.Context, s *control.Service, p control.Principal, in *orderRequest) (FlagEnvironment, error) {
	var order []control.StrategyOrder
	for i, id := range in.Body.Strategies {
		order = append(order, control.StrategyOrder{ID: id, SortOrder: i})
	}
	if err := s.ReorderStrategies(ctx, p, in.ref(), order); err != nil {
		return FlagEnvironment{}, err
	}
	return a.flagEnvironment(ctx, p, in.FlagEnvPath)
}

func (a api) putVariants(ctx context.Context, s *control.Service, p control.Principal, in *variantsRequest) (FlagEnvironment, error) {
	if err := s.SetVariants(ctx, p, "", in.Flag, []string{in.Environment}, in.Body.Variants); err != nil {
		return FlagEnvironment{}, err
	}
	return a.flagEnvironment(ctx, p, in.FlagEnvPath)
}
