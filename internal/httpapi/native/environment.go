package native

import (
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// EnvironmentInput asks for an environment.
type EnvironmentInput struct {
	Name      string `json:"name" doc:"URL-friendly, unique"`
	Type      string `json:"type" doc:"production, pre-production, test, development, or a word of your own"`
	SortOrder int    `json:"sortOrder,omitempty"`
}

// EnvironmentEdit says what to change of an environment; what is absent stays.
type EnvironmentEdit struct {
	Type      *string `json:"type,omitempty"`
	SortOrder *int    `json:"sortOrder,omitempty"`
	Disabled  *bool   `json:"disabled,omitempty" doc:"keeps projects from being served there that are not yet"`

	Calendar *gate.Calendar `json:"calendar,omitempty" doc:"when releases may serve more there; {} is at any time"`
}

// EnvironmentClone asks for an environment in which projects are served as in
// another.
type EnvironmentClone struct {
	Name     string   `json:"name"`
	Type     string   `json:"type,omitempty" doc:"that of the original where absent"`
	Projects []string `json:"projects,omitempty" doc:"all that are served in the original where absent"`
}

// EnvironmentList is a page of environments, in their order.
type EnvironmentList struct {
	Environments []control.Environment `json:"environments"`
	Next
}

// EnvironmentPath is the path of one environment.
type EnvironmentPath struct {
	Environment string `path:"environment"`
}

func (p EnvironmentPath) entity() control.Entity {
	return control.Entity{Kind: control.KindEnvironment, Key: p.Environment}
}

type environmentEditRequest struct {
	EnvironmentPath
	Body EnvironmentEdit
}

type environmentCloneRequest struct {
	EnvironmentPath
	Body EnvironmentClone
}

var environmentPages = pager[control.Environment]{
	list: "environments", key: func(e control.Environment) string { return sortable(int64(e.SortOrder)) + e.Name },
}

func (a api) environments(h huma.API) {
	route(a, h, get("/environments", "listEnvironments", "List environments"),
		func(ctx context.Context, p control.Principal, in *Page) (EnvironmentList, error) {
			all, err := a.Service.Environments(ctx, p)
			if err != nil {
				return EnvironmentList{}, err
			}
			part, next, err := environmentPages.cut(*in, all)
			return EnvironmentList{part, next}, err
		})
	route(a, h, create("/environments", "createEnvironment", "Create an environment"),
		func(ctx context.Context, p control.Principal, in *body[EnvironmentInput]) (control.Environment, error) {
			return a.Service.CreateEnvironment(ctx, p, control.Environment{
				Name: in.Body.Name, Type: in.Body.Type, SortOrder: in.Body.SortOrder,
			})
		})
	read(a, h, get("/environments/{environment}", "getEnvironment", "Get an environment"),
		func(ctx context.Context, p control.Principal, in *EnvironmentPath) (control.Environment, error) {
			return a.environment(ctx, p, in.Environment)
		})
	write(a, h, patch("/environments/{environment}", "editEnvironment", "Change an environment"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *environmentEditRequest) (control.Environment, error) {
			err := s.EditEnvironments(ctx, p, map[string]control.EnvironmentEdit{in.Environment: control.EnvironmentEdit(in.Body)})
			if err != nil {
				return control.Environment{}, err
			}
			return a.environment(ctx, p, in.Environment)
		})
	write(a, h, remove("/environments/{environment}", "deleteEnvironment", "Delete an environment in which nothing is served"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *EnvironmentPath) (none, error) {
			return none{}, s.DeleteEnvironment(ctx, p, in.Environment)
		})
	route(a, h, create("/environments/{environment}/clone", "cloneEnvironment", "Create an environment in which projects are served as in another"),
		func(ctx context.Context, p control.Principal, in *environmentCloneRequest) (control.Environment, error) {
			return a.Service.CloneEnvironment(ctx, p, in.Environment, control.Environment{Name: in.Body.Name, Type: in.Body.Type}, in.Body.Projects)
		})
}

func (a api) environment(ctx context.Context, p control.Principal, name string) (control.Environment, error) {
	all, err := a.Service.Environments(ctx, p)
	if err != nil {
		return control.Environment{}, err
	}
	if i := slices.IndexFunc(all, func(e control.Environment) bool { return e.Name == name }); i >= 0 {
		return all[i], nil
	}
	return control.Environment{}, &control.Error{
		Kind: control.NotFound, Code: "not_found", Field: "environment", Msg: "there is no such environment that you may read in",
	}
}
