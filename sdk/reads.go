package sdk

import (
	"github.com/lockflight/lockflight/sdk/eval"
)

// reads finds out which flags read context fields that the client fills in
// where the caller left them empty. For all others the context goes to the
// engine as it is, uncopied.
type reads struct {
	flags    map[string]*eval.Flag
	segments map[int]traits
}

func newReads(document *eval.Snapshot) reads {
	r := reads{flags: make(map[string]*eval.Flag), segments: make(map[int]traits)}
	for i := range document.Segments {
		r.segments[document.Segments[i].ID] = readByConstraints(document.Segments[i].Constraints)
	}
	for i := range document.Features {
		r.flags[document.Features[i].Name] = &document.Features[i]
	}
	return r
}

// flag returns what a check of f reads, its parents' reads included. A parent
// has no parents of its own.
func (r *reads) flag(f *eval.Flag) traits {
	read := r.own(f)
	for i := range f.Dependencies {
		if parent := r.flags[f.Dependencies[i].Feature]; parent != nil {
			read |= r.own(parent)
		}
	}
	return read
}

func (r *reads) own(f *eval.Flag) traits {
	read := readByVariants(f.Variants)
	for i := range f.Strategies {
		strategy := &f.Strategies[i]
		read |= readByField(strategy.Parameters["stickiness"])
		read |= readByConstraints(strategy.Constraints) | readByVariants(strategy.Variants)
		for _, id := range strategy.Segments {
			read |= r.segments[id]
		}
	}
	return read
}

func readByConstraints(constraints []eval.Constraint) traits {
	var read traits
	for i := range constraints {
		read |= readByField(constraints[i].ContextName)
	}
	return read
}

func readByVariants(variants []eval.WeightedVariant) traits {
	var read traits
	for i := range variants {
		read |= readByField(variants[i].Stickiness)
		for j := range variants[i].Overrides {
			read |= readByField(variants[i].Overrides[j].ContextName)
		}
	}
	return read
}

func readByField(name string) traits {
	switch name {
	case "appName":
		return readsAppName
	case "environment":
		return readsEnvironment
	}
	return 0
}
