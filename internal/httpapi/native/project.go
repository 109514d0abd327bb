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

// ProjectList is a list of projects.
type ProjectList struct {
	Projects []control.Project `json:"projects"`
}

// EnvironmentInput asks for an environment.
type EnvironmentInput struct {
	Name      string `json:"name" doc:"URL-friendly, unique"`
	Type      string `json:"type" doc:"production, pre-production, test, development, or a word of your own"`
	SortOrder int    `json:"sortOrder,omitempty"`
}

// EnvironmentList is a list of environments.
type EnvironmentList struct {
	Environments []control.Environment `json:"environments"`
}

func (a api) projects(h huma.API) {
	route(a, h, get("/projects", "listProjects", "List projects"),
		func(ctx context.Context, p control.Principal, _ *none) (ProjectList, error) {
			all, err := a.Service.Projects(ctx, p)
			return ProjectList{all}, err
		})
	route(a, h, create("/projects", "createProject", "Create a project"),
		func(ctx context.Context, p control.Principal, in *body[ProjectInput]) (control.Project, error) {
			return a.Service.CreateProject(ctx, p, control.Project{
				ID: in.Body.ID, Name: in.Body.Name, Description: in.Body.Description, Environments: in.Body.Environments,
			})
		})
	route(a, h, get("/environments", "listEnvironments", "List environments"),
		func(ctx context.Context, p control.Principal, _ *none) (EnvironmentList, error) {
			all, err := a.Service.Environments(ctx, p)
			return EnvironmentList{all}, err
		})
	route(a, h, create("/environments", "createEnvironment", "Create an environment"),
		func(ctx context.Context, p control.Principal, in *body[EnvironmentInput]) (control.Environment, error) {
			return a.Service.CreateEnvironment(ctx, p, control.Environment{
				Name: in.Body.Name, Type: in.Body.Type, SortOrder: in.Body.SortOrder,
			})
		})
}
