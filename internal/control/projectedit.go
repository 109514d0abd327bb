package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
)

// LinkTemplate makes a link for each flag of a project: {{project}} and
// {{feature}} stand for their names.
type LinkTemplate struct {
	Title       string `json:"title,omitempty"`
	URLTemplate string `json:"urlTemplate"`
}

// projectModes are Unleash's.
var projectModes = []string{"open", "protected", modePrivate}

// modePrivate keeps whoever is no member from reading a project.
const modePrivate = "private"

// ProjectEdit says what to change of a project. A nil field leaves what is
// there.
type ProjectEdit struct {
	Name, Description, Mode, Stickiness *string
	Naming                              *Naming
	LinkTemplates                       *[]LinkTemplate
}

// EditProject changes what is said about a project.
func (s *Service) EditProject(ctx context.Context, p Principal, project string, in ProjectEdit) error {
	return s.changeProject(ctx, p, project, func(_ *work, pr *Project) error {
		set(&pr.Name, in.Name)
		set(&pr.Description, in.Description)
		set(&pr.Mode, in.Mode)
		set(&pr.Stickiness, in.Stickiness)
		set(&pr.LinkTemplates, in.LinkTemplates)
		if in.Naming != nil {
			pr.Naming = in.Naming
		}
		if pr.Naming != nil && *pr.Naming == (Naming{}) {
			pr.Naming = nil
		}
		if pr.Name == "" {
			return Invalidf("name", "must not be empty")
		}
		return pr.check()
	})
}

// check says what is wrong with what is said about a project.
func (pr *Project) check() error {
	if pr.Mode != "" && !slices.Contains(projectModes, pr.Mode) {
		return Invalidf("mode", "%q is not one of %v", pr.Mode, projectModes)
	}
	for i, t := range pr.LinkTemplates {
		if !strings.HasPrefix(t.URLTemplate, "https://") && !strings.HasPrefix(t.URLTemplate, "http://") || len(t.URLTemplate) > maxURL {
			return Invalidf(fmt.Sprintf("linkTemplates[%d].urlTemplate", i), "must begin with https:// or http:// and have at most %d bytes", maxURL)
		}
	}
	return pr.Naming.valid()
}

// AddEnvironment serves a project's flags in one more environment: those that
// were configured there before, as they were, but off.
func (s *Service) AddEnvironment(ctx context.Context, p Principal, project, env string) error {
	return s.changeProject(ctx, p, project, func(w *work, pr *Project) error {
		e, err := get[Environment](w, KindEnvironment, env)
		switch {
		case err != nil:
			return asField(err, "environment", "there is no environment %q", env)
		case slices.Contains(pr.Environments, env):
			return &Error{Kind: Exists, Code: "exists", Field: "environment", Msg: fmt.Sprintf("project %q is served in %q already", project, env)}
		case e.Disabled:
			return Errorf(Conflict, "environment_disabled", "environment %q is off: switch it on first", env)
		}
		pr.Environments = append(slices.Clone(pr.Environments), env)
		return nil
	})
}

// RemoveEnvironment no longer serves a project's flags in an environment. Each
// flag that was on there is switched off, with a record of its own, so that
// none of them comes back by itself. It is refused for the last environment,
// and while a release runs there.
func (s *Service) RemoveEnvironment(ctx context.Context, p Principal, project, env string) error {
	return s.changeProject(ctx, p, project, func(w *work, pr *Project) error {
		switch {
		case !slices.Contains(pr.Environments, env):
			return Errorf(NotFound, "not_found", "project %q is not served in an environment %q", project, env)
		case len(pr.Environments) == 1:
			return Errorf(Conflict, "last_environment", "%q is the last environment of project %q: add another first", env, project)
		}
		flags, err := list[Flag](w, KindFlag, project)
		if err != nil {
			return err
		}
		for _, f := range flags {
			if err := w.retire(Ref{project, f.Name, env}); err != nil {
				return err
			}
		}
		pr.Environments = slices.DeleteFunc(slices.Clone(pr.Environments), func(e string) bool { return e == env })
		return nil
	})
}

// retire switches a flag off where it will no longer be served.
func (w *work) retire(ref Ref) error {
	if err := w.noRelease(ref); err != nil {
		return err
	}
	fe, err := flagEnv(w, ref)
	if err != nil || !fe.Enabled {
		return err
	}
	fe.Enabled = false
	return w.putEnv("flag.env.disable", ref, fe, audit.Correlation{})
}

// Project returns one project.
func (s *Service) Project(ctx context.Context, p Principal, id string) (Project, error) {
	if err := p.May(PermRead, Scope{Project: id}); err != nil {
		return Project{}, err
	}
	out, err := s.readProject(ctx, id)
	return out.shownTo(p), err
}

func (s *Service) readProject(ctx context.Context, id string) (Project, error) {
	var out Project
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = get[Project](tx, KindProject, id)
		return asMissing(err, "project", id)
	})
	return out, err
}

// shownTo leaves out the members for whoever may not read them.
func (pr Project) shownTo(p Principal) Project {
	if p.May(PermAccessRead, Scope{Project: pr.ID}) != nil {
		pr.Members = nil
	}
	return pr
}

// ValidateProjectID says whether a project of that id can be created.
func (s *Service) ValidateProjectID(ctx context.Context, id string) error {
	if err := checkProjectID(id); err != nil {
		return err
	}
	return s.store.View(ctx, func(tx ReadTx) error { return absent(tx, KindProject, id, "id") })
}

// reservedProjects are words that stand where a project's id would in paths.
var reservedProjects = []string{"archive", "revive", "validate"}

func checkProjectID(id string) error {
	if slices.Contains(reservedProjects, id) {
		return Invalidf("id", "%q is a word of the API: choose another", id)
	}
	return checkName("id", id)
}
