package control

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// SetDependency makes a flag depend on a parent, or changes what it asks of
// that parent: to be on (with one of Variants, where some are named), or to be
// off. There is one level, as clients evaluate no more: a parent has no parent,
// and a child no child; and both are in one project, since a client may be
// shown one project alone. It is refused while a release runs on the flag, whose
// arms it would thin out.
func (s *Service) SetDependency(ctx context.Context, p Principal, project, flag string, d eval.Dependency) error {
	on := d.Enabled == nil || *d.Enabled
	d.Enabled = &on
	if len(d.Variants) == 0 {
		d.Variants = nil
	}
	if !on && d.Variants != nil {
		return Invalidf("variants", "a parent that must be off has no variant: leave them out")
	}
	return s.eachFlag(ctx, p, PermFlagUpdate, project, []string{flag}, func(w *work, f Flag) error {
		if err := f.inService(); err != nil {
			return err
		}
		if err := w.noReleaseOf(f); err != nil {
			return err
		}
		if err := checkParent(w, f, d); err != nil {
			return err
		}
		kept := f.without(d.Feature)
		i, _ := slices.BinarySearchFunc(kept, d, byParent)
		f.Dependencies = slices.Insert(kept, i, d)
		return w.putFlag("flag.dependency.set", f)
	})
}

// RemoveDependency makes a flag depend no longer on a parent, or on none at
// all where parent is empty. A running release is a Conflict, as above.
func (s *Service) RemoveDependency(ctx context.Context, p Principal, project, flag, parent string) error {
	return s.eachFlag(ctx, p, PermFlagUpdate, project, []string{flag}, func(w *work, f Flag) error {
		if err := w.noReleaseOf(f); err != nil {
			return err
		}
		kept := f.without(parent)
		if parent == "" || len(kept) == 0 {
			kept = nil
		}
		f.Dependencies = kept
		return w.putFlag("flag.dependency.remove", f)
	})
}

// without returns the dependencies on other parents than the named.
func (f Flag) without(parent string) []eval.Dependency {
	return slices.DeleteFunc(slices.Clone(f.Dependencies), func(d eval.Dependency) bool { return d.Feature == parent })
}

func byParent(a, b eval.Dependency) int { return strings.Compare(a.Feature, b.Feature) }

// checkParent says why f may not depend on the parent that d names.
func checkParent(tx ReadTx, f Flag, d eval.Dependency) error {
	if d.Feature == f.Name {
		return notParent("a flag cannot depend on itself")
	}
	parent, pr, err := flagOf(tx, f.Project, d.Feature)
	if err != nil {
		if KindOf(err) != NotFound {
			return err
		}
		return notParent("there is no flag %q in project %q", d.Feature, f.Project)
	}
	if parent.ArchivedAt != nil {
		return notParent("%q is in the archive", d.Feature)
	}
	if len(parent.Dependencies) > 0 {
		return notParent("%q depends on %q itself: one level of parents is all that clients evaluate", d.Feature, parent.Dependencies[0].Feature)
	}
	children, err := childrenOf(tx, f)
	if err != nil {
		return err
	}
	if len(children) > 0 {
		return notParent("%q is the parent of %q: one level of parents is all that clients evaluate", f.Name, children[0])
	}
	known, err := variantsOf(tx, parent, pr)
	if err != nil {
		return err
	}
	for i, v := range d.Variants {
		if !slices.Contains(known, v) {
			return Invalidf(fmt.Sprintf("variants[%d]", i), "%q has no variant %q in any environment", d.Feature, v)
		}
	}
	return nil
}

// notParent is Invalid with a Code of its own.
func notParent(format string, args ...any) *Error {
	err := Invalidf("feature", format, args...)
	err.Code = "not_a_parent"
	return err
}

// childrenOf returns the names of the flags that depend on f. None of them is
// archived: archiving a flag frees it of its parents.
func childrenOf(tx ReadTx, f Flag) ([]string, error) {
	all, err := list[Flag](tx, KindFlag, f.Project)
	var out []string
	for _, other := range all {
		if slices.ContainsFunc(other.Dependencies, func(d eval.Dependency) bool { return d.Feature == f.Name }) {
			out = append(out, other.Name)
		}
	}
	return out, err
}

// noChildren refuses to archive a parent whose children are not among the
// flags that go with it.
func noChildren(tx ReadTx, f Flag, with []string) error {
	children, err := childrenOf(tx, f)
	if err != nil {
		return err
	}
	children = slices.DeleteFunc(children, func(c string) bool { return slices.Contains(with, c) })
	if len(children) > 0 {
		return Errorf(Conflict, "has_children", "flag %q is the parent of %s: archive them with it, or remove their dependency, first",
			f.Name, strings.Join(children, ", "))
	}
	return nil
}

// variantsOf returns the names of the variants that a flag has in any of its
// project's environments, of its own or of a strategy, in order.
func variantsOf(tx ReadTx, f Flag, pr Project) ([]string, error) {
	names := map[string]bool{}
	for _, env := range pr.Environments {
		fe, err := flagEnv(tx, Ref{f.Project, f.Name, env})
		if err != nil {
			return nil, err
		}
		for _, v := range fe.Variants {
			names[v.Name] = true
		}
		for _, st := range fe.Strategies {
			for _, v := range st.Variants {
				names[v.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// ParentOptions lists the flags of a project that a flag may depend on.
func (s *Service) ParentOptions(ctx context.Context, p Principal, project, flag string) ([]string, error) {
	out := []string{}
	err := s.readFlag(ctx, p, project, flag, func(tx ReadTx, f Flag, _ Project) error {
		children, err := childrenOf(tx, f)
		if err != nil || len(children) > 0 {
			return err
		}
		all, err := list[Flag](tx, KindFlag, f.Project)
		for _, other := range all {
			if other.Name != f.Name && other.ArchivedAt == nil && len(other.Dependencies) == 0 {
				out = append(out, other.Name)
			}
		}
		return err
	})
	return out, err
}

// VariantOptions lists the variants of a flag that a child may ask for.
func (s *Service) VariantOptions(ctx context.Context, p Principal, project, parent string) ([]string, error) {
	var out []string
	err := s.readFlag(ctx, p, project, parent, func(tx ReadTx, f Flag, pr Project) (err error) {
		out, err = variantsOf(tx, f, pr)
		return err
	})
	return out, err
}

// HasDependencies tells whether any flag of a project depends on another.
func (s *Service) HasDependencies(ctx context.Context, p Principal, project string) (bool, error) {
	all, err := s.Flags(ctx, p, project)
	return slices.ContainsFunc(all, func(f Flag) bool { return len(f.Dependencies) > 0 }), err
}

// ArchiveObstacles is what stands against archiving flags, or is lost by it.
type ArchiveObstacles struct {
	Parents []string // flags with children that are not archived with them
	Freed   bool     // whether one of the flags has a parent or a child to lose
}

// ArchiveObstacles says what ArchiveFlags would do with the same flags.
func (s *Service) ArchiveObstacles(ctx context.Context, p Principal, project string, flags []string) (ArchiveObstacles, error) {
	out := ArchiveObstacles{Parents: []string{}}
	if err := checkBatch(flags); err != nil {
		return out, err
	}
	for _, name := range flags {
		err := s.readFlag(ctx, p, project, name, func(tx ReadTx, f Flag, _ Project) error {
			children, err := childrenOf(tx, f)
			if err != nil {
				return err
			}
			out.Freed = out.Freed || len(f.Dependencies) > 0 || len(children) > 0
			err = noChildren(tx, f, flags)
			if KindOf(err) == Conflict {
				out.Parents = append(out.Parents, f.Name)
				return nil
			}
			return err
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// readFlag calls read with a flag that p may read, and its project.
func (s *Service) readFlag(ctx context.Context, p Principal, project, flag string, read func(tx ReadTx, f Flag, pr Project) error) error {
	return s.store.View(ctx, func(tx ReadTx) error {
		f, pr, err := flagOf(tx, project, flag)
		if err != nil {
			return err
		}
		if err := p.sees(Scope{Project: f.Project}, "flag", f.Name); err != nil {
			return err
		}
		return read(tx, f, pr)
	})
}
