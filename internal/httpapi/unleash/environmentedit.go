package unleash

import (
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeEnvironments adds what changes environments.
func (a *API) routeEnvironments(mux *http.ServeMux) {
	const environments = adminPath + "/environments"
	a.addAdmin(mux, routes{
		"GET " + environments + "/{name}":            a.environment,
		"DELETE " + environments + "/{name}":         a.deleteEnvironment,
		"PUT " + environments + "/update/{name}":     a.updateEnvironment,
		"PUT " + environments + "/sort-order":        a.sortEnvironments,
		"POST " + environments + "/validate":         a.validateEnvironment,
		"POST " + environments + "/{name}/on":        a.switchEnvironment(true),
		"POST " + environments + "/{name}/off":       a.switchEnvironment(false),
		"POST " + environments + "/{name}/clone":     a.cloneEnvironment,
		"GET " + environments + "/project/{project}": a.projectEnvironments,
	})
}

// environment answers GET /api/admin/environments/{name}.
func (a *API) environment(w http.ResponseWriter, r *http.Request) error {
	all, err := a.environmentsByName(r.Context())
	if err != nil {
		return err
	}
	e, ok := all[r.PathValue("name")]
	if !ok {
		return control.Errorf(control.NotFound, "not_found", "there is no environment %q", r.PathValue("name"))
	}
	return httpapi.WriteJSON(w, http.StatusOK, toEnvironment(e))
}

// updateEnvironment answers PUT /api/admin/environments/update/{name}.
func (a *API) updateEnvironment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Type              *string `json:"type"`
		SortOrder         *int    `json:"sortOrder"`
		RequiredApprovals *int    `json:"requiredApprovals"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.RequiredApprovals != nil {
		return notKept("requiredApprovals")
	}
	edit := control.EnvironmentEdit{Type: in.Type, SortOrder: in.SortOrder}
	if err := a.editEnvironment(r, edit); err != nil {
		return err
	}
	return a.environment(w, r)
}

func (a *API) editEnvironment(r *http.Request, edit control.EnvironmentEdit) error {
	return a.service.EditEnvironments(r.Context(), caller(r), map[string]control.EnvironmentEdit{r.PathValue("name"): edit})
}

// sortEnvironments answers PUT /api/admin/environments/sort-order: all of the
// named or none.
func (a *API) sortEnvironments(w http.ResponseWriter, r *http.Request) error {
	var in map[string]int
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	edits := map[string]control.EnvironmentEdit{}
	for name, order := range in {
		edits[name] = control.EnvironmentEdit{SortOrder: &order}
	}
	return a.service.EditEnvironments(r.Context(), caller(r), edits)
}

// switchEnvironment answers POST .../{name}/on and .../off with 204. An
// environment that is off takes no more projects; those in it are served on.
func (a *API) switchEnvironment(on bool) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a.editEnvironment(r, control.EnvironmentEdit{Disabled: new(!on)}); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// validateEnvironment answers POST /api/admin/environments/validate.
func (a *API) validateEnvironment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.service.ValidateEnvironmentName(r.Context(), in.Name)
}

// cloneEnvironment answers POST .../{name}/clone with the new environment.
func (a *API) cloneEnvironment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name             string   `json:"name"`
		Type             string   `json:"type"`
		Projects         []string `json:"projects"`
		ClonePermissions *bool    `json:"clonePermissions"` // there are none to clone: grants name environments
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	e, err := a.service.CloneEnvironment(r.Context(), caller(r), r.PathValue("name"), control.Environment{Name: in.Name, Type: in.Type}, in.Projects)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toEnvironment(e))
}

// deleteEnvironment answers DELETE /api/admin/environments/{name}.
func (a *API) deleteEnvironment(_ http.ResponseWriter, r *http.Request) error {
	return a.service.DeleteEnvironment(r.Context(), caller(r), r.PathValue("name"))
}

// projectEnvironmentDoc is Unleash's environmentProjectSchema.
type projectEnvironmentDoc struct {
	environmentDoc

	APITokenCount      int `json:"projectApiTokenCount"`
	EnabledToggleCount int `json:"projectEnabledToggleCount"`

	DefaultStrategy *defaultStrategyDoc `json:"defaultStrategy,omitempty"`
	Visible         bool                `json:"visible"`
}

// projectEnvironments answers GET /api/admin/environments/project/{project}:
// every environment, and whether the project is served in it.
func (a *API) projectEnvironments(w http.ResponseWriter, r *http.Request) error {
	pr, err := a.service.Project(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	all, err := a.service.Environments(r.Context(), caller(r))
	if err != nil {
		return err
	}
	uses, err := a.service.EnvironmentUses(r.Context(), caller(r), pr.ID)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version      int                     `json:"version"`
		Environments []projectEnvironmentDoc `json:"environments"`
	}{1, each(all, func(e control.Environment) projectEnvironmentDoc {
		out := projectEnvironmentDoc{
			environmentDoc: toEnvironment(e), Visible: slices.Contains(pr.Environments, e.Name),
			APITokenCount: uses[e.Name].Tokens, EnabledToggleCount: uses[e.Name].On,
		}
		if st, ok := pr.Strategies[e.Name]; ok {
			out.DefaultStrategy = new(toDefaultStrategy(st))
		}
		return out
	})})
}
