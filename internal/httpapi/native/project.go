package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// ProjectInput asks for a project.
type ProjectInput struct {
	ID           string   `json:"id" doc:"URL-friendly, unique"`
	Name         string   `json:"name,omitempty"`
	Description  string   `json:"description,omitempty"`
	Environments []string `json:"environments,omitempty" doc:"where its flags are served; all environments where absent"`
}

// ProjectEdit says what to change of a project; what is absent stays.
type ProjectEdit struct {
	Name          *string                 `json:"name,omitempty"`
	Description   *string                 `json:"description,omitempty"`
	Mode          *string                 `json:"mode,omitempty" doc:"open, protected or private"`
	Stickiness    *string                 `json:"defaultStickiness,omitempty"`
	Naming        *control.Naming         `json:"featureNaming,omitempty" doc:"an empty pattern takes it away"`
	LinkTemplates *[]control.LinkTemplate `json:"linkTemplates,omitempty"`
}

// ProjectList is a page of projects, by id.
type ProjectList struct {
	Projects []control.Project `json:"projects"`
	Next
}

// ProjectHealth says how much there is to clean up in a project.
type ProjectHealth struct {
	Flags            int            `json:"flags" doc:"in service"`
	Types            map[string]int `json:"types" doc:"how many there are of each type"`
	Stale            int            `json:"stale" doc:"marked so"`
	PotentiallyStale int            `json:"potentiallyStale" doc:"not marked, and past the lifetime of their type"`
	Debt             float64        `json:"debt" doc:"100 * (stale + potentiallyStale) / flags, in percent"`
}

type projectListQuery struct {
	Page
	Archived bool `query:"archived" doc:"those in the archive, rather than those in service"`
}

// ProjectPath is the path of one project.
type ProjectPath struct {
	Project string `path:"project"`
}

func (p ProjectPath) entity() control.Entity {
	return control.Entity{Kind: control.KindProject, Key: p.Project}
}

// ProjectEnvPath is the path of an environment in which a project is served.
type ProjectEnvPath struct {
	ProjectPath
	Environment string `path:"environment"`
}

type projectEditRequest struct {
	ProjectPath
	Body ProjectEdit
}

type defaultStrategyRequest struct {
	ProjectEnvPath
	Body StrategyInput
}

var projectPages = pager[control.Project]{list: "projects", key: func(p control.Project) string { return p.ID }}

func (a api) projects(h huma.API) {
	route(a, h, get("/projects", "listProjects", "List projects"), a.listProjects)
	route(a, h, create("/projects", "createProject", "Create a project"),
		func(ctx context.Context, p control.Principal, in *body[ProjectInput]) (control.Project, error) {
			return a.Service.CreateProject(ctx, p, control.Project{
				ID: in.Body.ID, Name: in.Body.Name, Description: in.Body.Description, Environments: in.Body.Environments,
			})
		})
	read(a, h, get("/projects/{project}", "getProject", "Get a project"),
		func(ctx context.Context, p control.Principal, in *ProjectPath) (control.Project, error) {
			return a.Service.Project(ctx, p, in.Project)
		})
	write(a, h, patch("/projects/{project}", "editProject", "Change what is said about a project"),
		onProject(func(ctx context.Context, s *control.Service, p control.Principal, in *projectEditRequest) error {
			return s.EditProject(ctx, p, in.Project, control.ProjectEdit(in.Body))
		}))
	for verb, act := range map[string]func(*control.Service, context.Context, control.Principal, string) error{
		"archive": (*control.Service).ArchiveProject, "revive": (*control.Service).ReviveProject,
	} {
		write(a, h, post("/projects/{project}/"+verb, verb+"Project", verbs[verb]),
			onProject(func(ctx context.Context, s *control.Service, p control.Principal, in *ProjectPath) error {
				return act(s, ctx, p, in.Project)
			}))
	}
	write(a, h, remove("/projects/{project}", "deleteProject", "Delete a project that has no flag in service, for good"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *ProjectPath) (none, error) {
			return none{}, s.DeleteProject(ctx, p, in.Project)
		})
	write(a, h, put("/projects/{project}/environments/{environment}", "addProjectEnvironment", "Serve a project in one more environment"),
		onProject(func(ctx context.Context, s *control.Service, p control.Principal, in *ProjectEnvPath) error {
			return s.AddEnvironment(ctx, p, in.Project, in.Environment)
		}))
	write(a, h, remove("/projects/{project}/environments/{environment}", "removeProjectEnvironment", "Serve a project in an environment no longer"),
		onProject(func(ctx context.Context, s *control.Service, p control.Principal, in *ProjectEnvPath) error {
			return s.RemoveEnvironment(ctx, p, in.Project, in.Environment)
		}))
	write(a, h, put("/projects/{project}/environments/{environment}/strategy", "putDefaultStrategy", "Say what a flag gets that is switched on without a strategy"),
		onProject(func(ctx context.Context, s *control.Service, p control.Principal, in *defaultStrategyRequest) error {
			_, err := s.SetDefaultStrategy(ctx, p, in.Project, in.Environment, in.Body.strategy(""))
			return err
		}))
	route(a, h, get("/projects/{project}/health", "getProjectHealth", "Say how much there is to clean up in a project"), a.projectHealth)
}

func (a api) listProjects(ctx context.Context, p control.Principal, in *projectListQuery) (ProjectList, error) {
	list := a.Service.Projects
	if in.Archived {
		list = a.Service.ArchivedProjects
	}
	all, err := list(ctx, p)
	if err != nil {
		return ProjectList{}, err
	}
	projects, next, err := projectPages.cut(in.Page, all)
	return ProjectList{projects, next}, err
}

func (a api) projectHealth(ctx context.Context, p control.Principal, in *ProjectPath) (ProjectHealth, error) {
	x, err := a.Service.ProjectHealth(ctx, p, in.Project)
	return ProjectHealth{Flags: len(x.Flags), Types: x.Types, Stale: x.Stale, PotentiallyStale: x.PotentiallyStale, Debt: x.Debt()}, err
}

// onProject lets act change a project, and answers with it as it is then.
func onProject[I located](act func(ctx context.Context, s *control.Service, p control.Principal, in *I) error,
) func(context.Context, *control.Service, control.Principal, *I) (control.Project, error) {
	return func(ctx context.Context, s *control.Service, p control.Principal, in *I) (control.Project, error) {
		if err := act(ctx, s, p, in); err != nil {
			return control.Project{}, err
		}
		return s.Project(ctx, p, (*in).entity().Key)
	}
}
