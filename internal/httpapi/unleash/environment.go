package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// environmentDoc is Unleash's environmentSchema. No environment is protected.
type environmentDoc struct {
	Name              string `json:"name"`
	Type              string `json:"type"`
	Enabled           bool   `json:"enabled"`
	Protected         bool   `json:"protected"`
	SortOrder         int    `json:"sortOrder"`
	RequiredApprovals *int   `json:"requiredApprovals"` // approvals are a policy's
}

// listedEnvironmentDoc is an environment in the list of all, with its use.
type listedEnvironmentDoc struct {
	environmentDoc

	ProjectCount       int `json:"projectCount"`
	APITokenCount      int `json:"apiTokenCount"`
	EnabledToggleCount int `json:"enabledToggleCount"`
}

func toEnvironment(e control.Environment) environmentDoc {
	return environmentDoc{Name: e.Name, Type: e.Type, Enabled: !e.Disabled, SortOrder: e.SortOrder}
}

// environments answers GET /api/admin/environments, in their sort order.
func (a *API) environments(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Environments(r.Context(), httpapi.CallerOf(r.Context()).Principal)
	if err != nil {
		return err
	}
	uses, err := a.service.EnvironmentUses(r.Context(), caller(r), "")
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version      int                    `json:"version"`
		Environments []listedEnvironmentDoc `json:"environments"`
	}{1, each(all, func(e control.Environment) listedEnvironmentDoc {
		use := uses[e.Name]
		return listedEnvironmentDoc{toEnvironment(e), use.Projects, use.Tokens, use.On}
	})})
}

// createEnvironment answers POST /api/admin/environments. Existing projects are
// not served in the new one until they are told to be.
func (a *API) createEnvironment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name              string `json:"name"`
		Type              string `json:"type"`
		Enabled           *bool  `json:"enabled"`
		SortOrder         int    `json:"sortOrder"`
		RequiredApprovals *int   `json:"requiredApprovals"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.RequiredApprovals != nil {
		return notKept("requiredApprovals")
	}
	e, err := a.service.CreateEnvironment(r.Context(), httpapi.CallerOf(r.Context()).Principal, control.Environment{
		Name: in.Name, Type: in.Type, SortOrder: in.SortOrder,
		Disabled: in.Enabled != nil && !*in.Enabled,
	})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusCreated, toEnvironment(e))
}
