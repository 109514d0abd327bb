package feed

import "github.com/lockflight/lockflight/sdk/eval"

// The documents on the wire are eval's, but that Unleash's server has an empty
// list, or null, where eval leaves a member out. Typed clients insist on it.
type (
	wireFlag struct {
		eval.Flag

		Description  *string          `json:"description"`
		Strategies   []wireStrategy   `json:"strategies"`
		Dependencies []wireDependency `json:"dependencies,omitempty"`
	}
	wireStrategy struct {
		eval.Strategy

		Variants []eval.WeightedVariant `json:"variants"`
	}
	wireDependency struct {
		eval.Dependency

		Variants []string `json:"variants"`
	}
)

// encodeFlag returns the wire document of a flag.
func encodeFlag(f eval.Flag) []byte {
	out := wireFlag{Flag: f, Strategies: make([]wireStrategy, len(f.Strategies))}
	if f.Description != "" {
		out.Description = &f.Description
	}
	for i, s := range f.Strategies {
		out.Strategies[i] = wireStrategy{s, orEmpty(s.Variants)}
	}
	for _, d := range f.Dependencies {
		out.Dependencies = append(out.Dependencies, wireDependency{d, orEmpty(d.Variants)})
	}
	return encode(out)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
