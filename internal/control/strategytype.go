package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// KindStrategyType is the kind of a StrategyType, whose key is its name.
const KindStrategyType ResourceKind = "strategy_type"

// StrategyType is a sort of strategy: one that every SDK has, or a custom one,
// which applications bring with them. Flags may use both, and clients are sent
// both; for an application without it a custom strategy never matches.
type StrategyType struct {
	Name        string              `json:"name"`
	Title       string              `json:"title,omitempty"`
	Description string              `json:"description,omitempty"`
	Deprecated  bool                `json:"deprecated,omitempty"` // tools offer it no longer; it works on
	Parameters  []StrategyParameter `json:"parameters,omitempty"`
}

// StrategyParameter is a setting that the strategies of a type have.
type StrategyParameter struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // string, percentage, list, number or boolean
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
}

// parameterTypes are Unleash's.
var parameterTypes = []string{"string", "percentage", "list", "number", "boolean"}

// maxParameters is the most parameters of one type of strategy.
const maxParameters = 50

// Custom tells whether applications bring the strategy with them.
func (t StrategyType) Custom() bool { return !slices.Contains(strategyNames, t.Name) }

// builtInStrategies are there without having been created. Their parameters
// cannot be changed; whether they are deprecated can, but for the default.
var builtInStrategies = []StrategyType{
	{Name: "default", Title: "Standard", Description: "On for everyone."},
	{Name: "flexibleRollout", Title: "Gradual rollout", Description: "On for a share of users or sessions, for each of them always the same.", Parameters: []StrategyParameter{
		{Name: "rollout", Type: "percentage", Description: "The share that is served."},
		{Name: "stickiness", Type: "string", Description: "The context field that decides who is in the share."},
		{Name: "groupId", Type: "string", Description: "Flags of one group serve the same people at the same share."},
	}},
	{Name: "userWithId", Title: "User ids", Description: "On for users that are named.", Deprecated: true, Parameters: []StrategyParameter{
		{Name: "userIds", Type: "list", Description: "The ids."},
	}},
	{Name: "remoteAddress", Title: "IP addresses", Description: "On for addresses or ranges that are named.", Parameters: []StrategyParameter{
		{Name: "IPs", Type: "list", Description: "Addresses, and ranges such as 10.0.0.0/8."},
	}},
	{Name: "applicationHostname", Title: "Hosts", Description: "On for applications on hosts that are named.", Parameters: []StrategyParameter{
		{Name: "hostNames", Type: "list", Description: "The names of the hosts."},
	}},
	{Name: "gradualRolloutUserId", Title: "Gradual rollout by user", Description: "On for a share of users.", Deprecated: true, Parameters: gradual("The share of users that is served.", true)},
	{Name: "gradualRolloutSessionId", Title: "Gradual rollout by session", Description: "On for a share of sessions.", Deprecated: true, Parameters: gradual("The share of sessions that is served.", true)},
	{Name: "gradualRolloutRandom", Title: "Gradual rollout by chance", Description: "On for a share of checks, another one each time.", Deprecated: true, Parameters: gradual("The share of checks that is served.", false)},
}

func gradual(share string, grouped bool) []StrategyParameter {
	out := []StrategyParameter{{Name: "percentage", Type: "percentage", Description: share}}
	if grouped {
		out = append(out, StrategyParameter{Name: "groupId", Type: "string", Description: "Flags of one group serve the same people at the same share."})
	}
	return out
}

// StrategyTypes lists the types of strategy, the built-in ones first, the
// custom ones by name.
func (s *Service) StrategyTypes(ctx context.Context, p Principal) ([]StrategyType, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	var out []StrategyType
	err := s.store.View(ctx, func(tx ReadTx) error {
		stored, err := list[StrategyType](tx, KindStrategyType, "")
		for _, t := range builtInStrategies {
			if i := slices.IndexFunc(stored, func(o StrategyType) bool { return o.Name == t.Name }); i >= 0 {
				t = stored[i]
			}
			out = append(out, t)
		}
		for _, t := range stored {
			if t.Custom() {
				out = append(out, t)
			}
		}
		return err
	})
	return out, err
}

// StrategyType returns one type of strategy.
func (s *Service) StrategyType(ctx context.Context, p Principal, name string) (StrategyType, error) {
	if err := p.readsAnything(); err != nil {
		return StrategyType{}, err
	}
	var out StrategyType
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = strategyType(tx, name)
		return err
	})
	return out, err
}

func strategyType(tx ReadTx, name string) (StrategyType, error) {
	t, err := get[StrategyType](tx, KindStrategyType, name)
	if KindOf(err) == NotFound {
		if i := slices.IndexFunc(builtInStrategies, func(t StrategyType) bool { return t.Name == name }); i >= 0 {
			return builtInStrategies[i], nil
		}
	}
	return t, asMissing(err, "strategy", name)
}

// CreateStrategyType adds a custom strategy.
func (s *Service) CreateStrategyType(ctx context.Context, p Principal, in StrategyType) error {
	if err := in.check(); err != nil {
		return err
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermStrategyWrite); err != nil {
			return err
		}
		if _, err := strategyType(w, in.Name); KindOf(err) != NotFound || err == nil {
			if err != nil {
				return err
			}
			return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: fmt.Sprintf("a strategy %q exists already", in.Name)}
		}
		return w.putStrategyType("strategy.create", in)
	})
}

// UpdateStrategyType replaces what is said of a custom strategy, and its
// parameters. Strategies of flags that lack one which is required by now stay
// as they are until they are saved again.
func (s *Service) UpdateStrategyType(ctx context.Context, p Principal, in StrategyType) error {
	if err := in.check(); err != nil {
		return err
	}
	return s.changeStrategyType(ctx, p, in.Name, "strategy.update", func(t *StrategyType) error {
		if !t.Custom() {
			return builtIn(t.Name)
		}
		in.Deprecated = t.Deprecated
		*t = in
		return nil
	})
}

// DeprecateStrategyType says that a strategy is to be used no longer, or with
// false that it may be again.
func (s *Service) DeprecateStrategyType(ctx context.Context, p Principal, name string, deprecated bool) error {
	typ := "strategy.deprecate"
	if !deprecated {
		typ = "strategy.reactivate"
	}
	return s.changeStrategyType(ctx, p, name, typ, func(t *StrategyType) error {
		if deprecated && t.Name == "default" {
			return Errorf(Conflict, "default_strategy", "the default strategy cannot be deprecated: it is what flags without another one have")
		}
		t.Deprecated = deprecated
		return nil
	})
}

func (s *Service) changeStrategyType(ctx context.Context, p Principal, name, typ string, change func(*StrategyType) error) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermStrategyWrite); err != nil {
			return err
		}
		t, err := strategyType(w, name)
		if err != nil {
			return err
		}
		deprecated := t.Deprecated
		if err := change(&t); err != nil {
			return err
		}
		if !t.Custom() && t.Deprecated == deprecated {
			return nil // as it is without having been stored
		}
		return w.putStrategyType(typ, t)
	})
}

// DeleteStrategyType removes a custom strategy that no flag uses, those in the
// archive included, and no project as its default.
func (s *Service) DeleteStrategyType(ctx context.Context, p Principal, name string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermStrategyWrite); err != nil {
			return err
		}
		t, err := strategyType(w, name)
		if err != nil {
			return err
		}
		if !t.Custom() {
			return builtIn(name)
		}
		uses, err := strategyUses(w, func(st Strategy) bool { return st.Name == name })
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return Errorf(Conflict, "strategy_in_use", "strategy %q is used by %s: take it out of there first", name, uses[0])
		}
		return w.remove(event{Type: "strategy.delete", Kind: KindStrategyType, Key: name})
	})
}

func (w *work) putStrategyType(typ string, t StrategyType) error {
	return w.put(event{Type: typ, Kind: KindStrategyType, Key: t.Name, Doc: t})
}

func builtIn(name string) error {
	return Errorf(Conflict, "built_in", "%q is a strategy that every SDK has: it can only be deprecated or reactivated", name)
}

// check says what is wrong with the definition of a strategy.
func (t StrategyType) check() error {
	if err := checkName("name", t.Name); err != nil {
		return err
	}
	if len(t.Parameters) > maxParameters {
		return Invalidf("parameters", "names %d: a strategy has at most %d", len(t.Parameters), maxParameters)
	}
	seen := map[string]bool{}
	for i, one := range t.Parameters {
		at := fmt.Sprintf("parameters[%d]", i)
		switch {
		case one.Name == "" || len(one.Name) > maxName || !printable(one.Name):
			return Invalidf(at+".name", "%q is no name: use 1 to %d bytes without control characters", one.Name, maxName)
		case one.Name == releaseParameter:
			return Invalidf(at+".name", "%q is what releases mark their own strategy with: choose another", one.Name)
		case seen[one.Name]:
			return Invalidf(at+".name", "%q is there twice", one.Name)
		case !slices.Contains(parameterTypes, one.Type):
			return Invalidf(at+".type", "%q is not one of %v", one.Type, parameterTypes)
		}
		seen[one.Name] = true
	}
	return nil
}

// checkParameters checks the parameters of a custom strategy of a flag against
// the definition: those that are required, and those that are no text.
func (t StrategyType) checkParameters(at string, st Strategy) error {
	for _, one := range t.Parameters {
		v := strings.TrimSpace(st.Parameters[one.Name])
		field := at + ".parameters." + one.Name
		if v == "" {
			if one.Required {
				return Invalidf(field, "is missing: strategy %q needs it", t.Name)
			}
			continue
		}
		switch one.Type {
		case "percentage":
			if err := checkPercentage(field, v); err != nil {
				return err
			}
		case "number":
			if !number.MatchString(v) {
				return Invalidf(field, "%q is not a number", v)
			}
		case "boolean":
			if _, err := strconv.ParseBool(v); err != nil {
				return Invalidf(field, "%q is neither true nor false", v)
			}
		}
	}
	return nil
}
