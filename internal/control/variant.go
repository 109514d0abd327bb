package control

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// wholeWeight is what the weights of a list of variants add up to.
const wholeWeight = 1000

// The types of weight. A fixed one stays as it is; the variable ones share
// what the fixed ones leave.
const (
	weightFixed    = "fix"
	weightVariable = "variable"
)

// SetVariants replaces the variants that a flag has of its own in some
// environments, all of them or none. They are for the strategies that have
// none. Each environment that changes has its record.
func (s *Service) SetVariants(ctx context.Context, p Principal, project, flag string, environments []string, variants []eval.WeightedVariant) error {
	if len(environments) == 0 {
		return Invalidf("environments", "must name at least one environment")
	}
	settled, err := settledVariants("variants", variants, "default")
	if err != nil {
		return err
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		for _, env := range environments {
			ref := Ref{project, flag, env}
			_, err := w.changeEnv(PermRuleWrite, "variant.update", ref, func(w *work, _ projectFlag, fe *FlagEnv) error {
				fe.Variants = settled
				return w.noRelease(ref)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// settledVariants returns a list of variants as it is stored: nil for none,
// weights that add up to 1000, and one stickiness for all, because SDKs read
// that of the first alone; where no variant names one, it is stickiness. They
// are by name, as in Unleash: their order decides who gets which.
func settledVariants(field string, in []eval.WeightedVariant, stickiness string) ([]eval.WeightedVariant, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := slices.Clone(in)
	names := map[string]bool{}
	if i := slices.IndexFunc(in, func(v eval.WeightedVariant) bool { return v.Stickiness != "" }); i >= 0 {
		stickiness = in[i].Stickiness
	}
	for i := range out {
		v := &out[i]
		at := fmt.Sprintf("%s[%d]", field, i)
		if names[v.Name] {
			return nil, Invalidf(at+".name", "%q is there twice", v.Name)
		}
		names[v.Name] = true
		v.WeightType, v.Stickiness = cmp.Or(v.WeightType, weightVariable), cmp.Or(v.Stickiness, stickiness)
		if err := checkVariant(at, *v, stickiness); err != nil {
			return nil, err
		}
	}
	if err := share(field, out); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b eval.WeightedVariant) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// checkVariant checks what is wrong with one variant by itself.
func checkVariant(at string, v eval.WeightedVariant, stickiness string) error {
	switch {
	case v.Name == "" || len(v.Name) > 100 || strings.TrimSpace(v.Name) != v.Name || !printable(v.Name):
		return Invalidf(at+".name", "%q is no name: use 1 to 100 bytes without control characters or space around them", v.Name)
	case v.WeightType != weightFixed && v.WeightType != weightVariable:
		return Invalidf(at+".weightType", "%q is neither fix nor variable", v.WeightType)
	case v.Weight < 0 || v.Weight > wholeWeight:
		return Invalidf(at+".weight", "%d is not a weight: 0 to 1000, in tenths of a percent", v.Weight)
	case v.Stickiness != stickiness:
		return Invalidf(at+".stickiness", "%q is not that of the other variants, %q: one list has one", v.Stickiness, stickiness)
	}
	for i, o := range v.Overrides {
		if o.ContextName == "" {
			return Invalidf(fmt.Sprintf("%s.overrides[%d].contextName", at, i), "must not be empty")
		}
	}
	return checkPayload(at+".payload", v.Payload)
}

// number is a number as JSON has it, which every SDK's language reads.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// checkPayload checks that a payload is what its type says.
func checkPayload(at string, p *eval.Payload) error {
	if p == nil {
		return nil
	}
	switch p.Type {
	case "string", "csv":
		return nil
	case "number":
		if !number.MatchString(p.Value) {
			return Invalidf(at+".value", "%q is not a number", p.Value)
		}
		return nil
	case "json":
		if !json.Valid([]byte(p.Value)) {
			return Invalidf(at+".value", "is not JSON")
		}
		return nil
	}
	return Invalidf(at+".type", "%q is not one of string, number, json and csv", p.Type)
}

// share makes the weights add up to 1000: the variable ones get even parts of
// what the fixed ones leave, the first ones the odd tenths.
func share(field string, variants []eval.WeightedVariant) error {
	left, variable := wholeWeight, 0
	for _, v := range variants {
		if v.WeightType == weightFixed {
			left -= v.Weight
		} else {
			variable++
		}
	}
	switch {
	case left < 0:
		return Invalidf(field, "the fixed weights add up to %d: they may take at most 1000", wholeWeight-left)
	case variable == 0 && left > 0:
		return Invalidf(field, "the weights add up to %d, and all of them are fixed: make them 1000, or one of them variable", wholeWeight-left)
	case variable == 0:
		return nil
	}
	each, odd := left/variable, left%variable
	for i := range variants {
		if variants[i].WeightType == weightFixed {
			continue
		}
		variants[i].Weight = each
		if odd > 0 {
			variants[i].Weight, odd = each+1, odd-1
		}
	}
	return nil
}
