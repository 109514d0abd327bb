package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

func TestProjectLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(w.SetEnabled(ctx, root, production, true))(t)
	edit := func(in control.ProjectEdit) func() error {
		return func() error { return w.EditProject(ctx, root, "blue", in) }
	}
	w.leaves(t, []change{
		{"edit", edit(control.ProjectEdit{Description: new("All that is blue"), Mode: new("protected")}), []string{"project.update"}},
		{"the same", edit(control.ProjectEdit{Mode: new("protected")}), []string{}},
		{"one more environment", func() error { return w.AddEnvironment(ctx, root, "blue", "development") }, []string{"project.update"}},
		{"one less", func() error { return w.RemoveEnvironment(ctx, root, "blue", "production") }, []string{"flag.env.disable", "project.update"}},
		{"and back", func() error { return w.AddEnvironment(ctx, root, "blue", "production") }, []string{"project.update"}},
	})
	if f := w.servedFlag(t, production); f.Enabled || len(f.Strategies) != 1 {
		t.Errorf("%+v is served, want it off, with the strategy that it had", f)
	}
	wantErr(t, w.ArchiveProject(ctx, root, "blue"), control.Conflict, "")
	wantErr(t, w.DeleteProject(ctx, root, "blue"), control.Conflict, "")
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"}))
	w.leaves(t, []change{
		{"archive", func() error { return w.ArchiveProject(ctx, root, "blue") }, []string{"project.archive"}},
		{"again", func() error { return w.ArchiveProject(ctx, root, "blue") }, []string{}},
	})
	_, err := w.CreateFlag(ctx, root, control.Flag{Name: "x", Project: "blue"})
	wantErr(t, err, control.Conflict, "")
	if all := must(w.Projects(ctx, root))(t); len(all) != 1 {
		t.Errorf("%d projects are in service, want default alone", len(all))
	}
	w.leaves(t, []change{
		{"revive", func() error { return w.ReviveProject(ctx, root, "blue") }, []string{"project.restore"}},
		{"delete", func() error { return w.DeleteProject(ctx, root, "blue") }, []string{"flag.env.delete", "flag.delete", "project.delete"}},
	})
}

// TestRevivedFlagsAgainstArchivedProject keeps an archived project empty.
func TestRevivedFlagsAgainstArchivedProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, one := t.Context(), []string{"blue-flag"}
	check(t, w.ArchiveFlags(ctx, root, "blue", one))
	check(t, w.ArchiveProject(ctx, root, "blue"))
	wantErr(t, w.ReviveFlags(ctx, root, "blue", one), control.Conflict, "")
}

func TestNamingPattern(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	naming := func(n control.Naming) error { return w.EditProject(ctx, root, "blue", control.ProjectEdit{Naming: &n}) }
	check(t, naming(control.Naming{Pattern: `[a-z]+-\d+|ops`, Example: "web-7"}))
	for name, ok := range map[string]bool{"web-8": true, "ops": true, "xops": false, "web-8x": false, "Web-8": false} {
		_, err := w.CreateFlag(ctx, root, control.Flag{Name: name, Project: "blue"})
		if ok && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !ok {
			wantErr(t, err, control.Invalid, "name")
			wantErr(t, w.ValidateFlagName(ctx, root, "blue", name), control.Invalid, "name")
		}
	}
	_, err := w.CloneFlag(ctx, root, "blue", "ops", "clone", true)
	wantErr(t, err, control.Invalid, "name")
	wantErr(t, naming(control.Naming{Pattern: `(`}), control.Invalid, "featureNaming.pattern")
	wantErr(t, naming(control.Naming{Pattern: `a`, Example: "b"}), control.Invalid, "featureNaming.example")
	check(t, naming(control.Naming{}))
	must(w.CreateFlag(ctx, root, control.Flag{Name: "Anything", Project: "blue"}))(t)
}

func TestProjectRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(w.CreateEnvironment(ctx, root, control.Environment{Name: "old", Type: "test", Disabled: true}))(t)
	must(w.AddToken(ctx, root, control.TokenBackend, "blue:production.secret"))(t)
	w.started(t)
	before := w.head(t)
	wantErr(t, w.EditProject(ctx, root, "blue", control.ProjectEdit{Mode: new("secret")}), control.Invalid, "mode")
	wantErr(t, w.EditProject(ctx, root, "blue", control.ProjectEdit{Name: new("")}), control.Invalid, "name")
	wantErr(t, w.EditProject(ctx, root, "blue", control.ProjectEdit{LinkTemplates: &[]control.LinkTemplate{{URLTemplate: "javascript:x"}}}), control.Invalid, "linkTemplates[0].urlTemplate")
	wantErr(t, w.EditProject(ctx, root, "red", control.ProjectEdit{}), control.NotFound, "project")
	wantErr(t, w.AddEnvironment(ctx, root, "blue", "moon"), control.Invalid, "environment")
	wantErr(t, w.AddEnvironment(ctx, root, "blue", "production"), control.Exists, "environment")
	wantErr(t, w.AddEnvironment(ctx, root, "blue", "old"), control.Conflict, "")
	wantErr(t, w.RemoveEnvironment(ctx, root, "blue", "development"), control.NotFound, "")
	wantErr(t, w.RemoveEnvironment(ctx, root, "blue", "production"), control.Conflict, "")
	wantErr(t, w.ArchiveProject(ctx, root, "default"), control.Conflict, "")
	wantErr(t, w.DeleteProject(ctx, root, "blue"), control.Conflict, "")
	_, err := w.CreateProject(ctx, root, control.Project{ID: "archive"})
	wantErr(t, err, control.Invalid, "id")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
	check(t, w.AddEnvironment(ctx, root, "blue", "development"))
	wantErr(t, w.RemoveEnvironment(ctx, root, "blue", "production"), control.Conflict, "") // a release runs there
	wantErr(t, w.DeleteEnvironment(ctx, root, "production"), control.Conflict, "")
}

// TestDeletedProjectsNameIsNobodys refuses to leave a token behind, which
// would be for the next project of that name.
func TestDeletedProjectsNameIsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	token := must(w.AddToken(ctx, root, control.TokenBackend, "blue:production.secret"))(t)
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"}))
	wantErr(t, w.DeleteProject(ctx, root, "blue"), control.Conflict, "")
	check(t, w.RevokeToken(ctx, root, token.ID))
	seg := users("blue only", "1")
	seg.Project = "blue"
	seg = must(w.CreateSegment(ctx, root, seg))(t)
	wantErr(t, w.DeleteProject(ctx, root, "blue"), control.Conflict, "")
	check(t, w.DeleteSegment(ctx, root, seg.ID))
	check(t, w.DeleteProject(ctx, root, "blue"))
}

func TestEnvironmentLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(w.SetEnabled(ctx, root, production, true))(t)
	edit := func(name string, in control.EnvironmentEdit) func() error {
		return func() error {
			return w.EditEnvironments(ctx, root, map[string]control.EnvironmentEdit{name: in})
		}
	}
	w.leaves(t, []change{
		{"clone", func() error {
			_, err := w.CloneEnvironment(ctx, root, "production", control.Environment{Name: "canary"}, []string{"blue"})
			return err
		}, []string{"env.create", "project.update", "rule.create"}},
		{"move", edit("canary", control.EnvironmentEdit{SortOrder: new(9)}), []string{"env.update"}},
		{"off", edit("canary", control.EnvironmentEdit{Disabled: new(true)}), []string{"env.update"}},
		{"off again", edit("canary", control.EnvironmentEdit{Disabled: new(true)}), []string{}},
	})
	canary := control.Ref{Project: "blue", Flag: "blue-flag", Environment: "canary"}
	f := w.servedFlag(t, canary)
	diff(t, "cloned", text(t, w.servedFlag(t, production)), text(t, f))
	wantErr(t, w.DeleteEnvironment(ctx, root, "canary"), control.Conflict, "")
	w.leaves(t, []change{
		{"leave", func() error { return w.RemoveEnvironment(ctx, root, "blue", "canary") }, []string{"flag.env.disable", "project.update"}},
		{"delete", func() error { return w.DeleteEnvironment(ctx, root, "canary") }, []string{"flag.env.delete", "env.delete"}},
	})
	wantErr(t, edit("canary", control.EnvironmentEdit{})(), control.NotFound, "environment")
	wantErr(t, edit("production", control.EnvironmentEdit{Type: new("")})(), control.Invalid, "type")
	wantErr(t, w.ValidateEnvironmentName(ctx, "production"), control.Exists, "name")
	check(t, w.ValidateEnvironmentName(ctx, "canary"))
	_, err := w.CloneEnvironment(ctx, root, "moon", control.Environment{Name: "x"}, nil)
	wantErr(t, err, control.NotFound, "environment")
}
