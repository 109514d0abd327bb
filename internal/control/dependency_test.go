package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// family makes a parent with the variants red and blue, a child of it, and a
// flag that is neither, in the project blue.
func (w *world) family(t *testing.T) {
	t.Helper()
	for _, name := range []string{"parent", "child", "single"} {
		must(w.CreateFlag(t.Context(), root, control.Flag{Name: name, Project: "blue"}))(t)
	}
	st := rollout("100")
	st.Variants = []eval.WeightedVariant{{Name: "red", Weight: 500, WeightType: "variable"}, {Name: "blue", Weight: 500, WeightType: "variable"}}
	must(w.AddStrategy(t.Context(), root, control.Ref{Project: "blue", Flag: "parent", Environment: "production"}, st))(t)
	check(t, w.SetDependency(t.Context(), root, "blue", "child", eval.Dependency{Feature: "parent", Variants: []string{"red"}}))
}

func TestDependencyRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.family(t)
	must(w.CreateFlag(ctx, root, control.Flag{Name: "old", Project: "blue"}))(t)
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"old"}))
	before := w.head(t)
	tests := []struct {
		name, flag string
		dependency eval.Dependency
		field      string
	}{
		{"itself", "single", eval.Dependency{Feature: "single"}, "feature"},
		{"a child", "single", eval.Dependency{Feature: "child"}, "feature"},
		{"from a parent", "parent", eval.Dependency{Feature: "single"}, "feature"},
		{"a circle", "parent", eval.Dependency{Feature: "child"}, "feature"},
		{"another project", "single", eval.Dependency{Feature: "green-flag"}, "feature"},
		{"nothing", "single", eval.Dependency{Feature: "moon"}, "feature"},
		{"the archive", "single", eval.Dependency{Feature: "old"}, "feature"},
		{"no such variant", "single", eval.Dependency{Feature: "parent", Variants: []string{"red", "green"}}, "variants[1]"},
		{"variants of what is off", "single", eval.Dependency{Feature: "parent", Enabled: new(false), Variants: []string{"red"}}, "variants"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantErr(t, w.SetDependency(ctx, root, "blue", tt.flag, tt.dependency), control.Invalid, tt.field)
		})
	}
	wantErr(t, w.ArchiveFlags(ctx, root, "blue", []string{"parent"}), control.Conflict, "")
	wantErr(t, w.SetDependency(ctx, root, "blue", "old", eval.Dependency{Feature: "parent"}), control.Conflict, "")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
}

// TestDependencyDuringRelease keeps the population of a release as it is.
func TestDependencyDuringRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.family(t)
	w.started(t)
	wantErr(t, w.SetDependency(ctx, root, "blue", "blue-flag", eval.Dependency{Feature: "single"}), control.Conflict, "")
	wantErr(t, w.RemoveDependency(ctx, root, "blue", "blue-flag", ""), control.Conflict, "")
}

func TestDependencyLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.family(t)
	set := func(d eval.Dependency) func() error {
		return func() error { return w.SetDependency(ctx, root, "blue", "single", d) }
	}
	child := control.Ref{Project: "blue", Flag: "single", Environment: "production"}
	served := func(want string) func() error {
		return func() error {
			diff(t, "served", want, text(t, w.servedFlag(t, child).Dependencies))
			return nil
		}
	}
	w.leaves(t, []change{
		{"none", served(`null`), []string{}},
		{"add", set(eval.Dependency{Feature: "parent", Variants: []string{"red"}}), []string{"flag.dependency.set"}},
		{"as added", served(`[{"feature":"parent","enabled":true,"variants":["red"]}]`), []string{}},
		{"change", set(eval.Dependency{Feature: "parent", Enabled: new(false)}), []string{"flag.dependency.set"}},
		{"the same", set(eval.Dependency{Feature: "parent", Enabled: new(false), Variants: []string{}}), []string{}},
		{"as changed", served(`[{"feature":"parent","enabled":false}]`), []string{}},
		{"remove", func() error { return w.RemoveDependency(ctx, root, "blue", "single", "parent") }, []string{"flag.dependency.remove"}},
		{"as removed", served(`null`), []string{}},
		{"remove none", func() error { return w.RemoveDependency(ctx, root, "blue", "single", "") }, []string{}},
		{"archive all", func() error { return w.ArchiveFlags(ctx, root, "blue", []string{"parent", "child"}) }, []string{"flag.archive", "flag.archive"}},
		{"revive the child", func() error { return w.ReviveFlags(ctx, root, "blue", []string{"child"}) }, []string{"flag.restore"}},
	})
	if f := must(w.Flag(ctx, root, "blue", "child"))(t); len(f.Dependencies) > 0 {
		t.Errorf("the revived child depends on %v", f.Dependencies)
	}
}

func TestDependencyOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.family(t)
	diff(t, "parents of single", []string{"blue-flag", "parent"}, must(w.ParentOptions(ctx, root, "blue", "single"))(t))
	diff(t, "parents of a parent", []string{}, must(w.ParentOptions(ctx, root, "blue", "parent"))(t))
	diff(t, "variants", []string{"blue", "red"}, must(w.VariantOptions(ctx, root, "blue", "parent"))(t))
	diff(t, "children", []string{"child"}, must(w.Flag(ctx, root, "blue", "parent"))(t).Children)
	diff(t, "blue has any", true, must(w.HasDependencies(ctx, root, "blue"))(t))
	diff(t, "default has any", false, must(w.HasDependencies(ctx, root, "default"))(t))
	diff(t, "obstacles", control.ArchiveObstacles{Parents: []string{"parent"}, Freed: true},
		must(w.ArchiveObstacles(ctx, root, "blue", []string{"parent", "single"}))(t))
	diff(t, "no obstacles", control.ArchiveObstacles{Parents: []string{}, Freed: true},
		must(w.ArchiveObstacles(ctx, root, "blue", []string{"parent", "child"}))(t))
}
