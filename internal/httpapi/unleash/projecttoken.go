package unleash

import (
	"net/http"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeProjectTokens adds the tokens of one project.
func (a *API) routeProjectTokens(mux *http.ServeMux) {
	const tokens = projectPath + "/api-tokens"
	a.addAdmin(mux, routes{
		"GET " + tokens:                 a.projectTokens,
		"POST " + tokens:                a.createProjectToken,
		"DELETE " + tokens + "/{token}": a.revokeProjectToken,
	})
}

// projectTokens answers GET P/api-tokens.
func (a *API) projectTokens(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.ProjectTokens(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	return writeTokens(w, all)
}

// createProjectToken answers POST P/api-tokens: the token is for the path's
// project alone.
func (a *API) createProjectToken(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		TokenName   string     `json:"tokenName"`
		Type        string     `json:"type"`
		Environment string     `json:"environment"`
		Project     string     `json:"project"` // passed over: the path says it
		Projects    []string   `json:"projects"`
		ExpiresAt   *time.Time `json:"expiresAt"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	project, typ := r.PathValue("project"), tokenType(in.Type)
	if typ != control.TokenBackend && typ != control.TokenFrontend {
		return control.Invalidf("type", "%q is not backend (or client), or frontend: a project has no other tokens", in.Type)
	}
	for _, named := range in.Projects {
		if named != project {
			return control.Invalidf("projects", "%q is another project than the path's, %q: make the token at /api/admin/api-tokens", named, project)
		}
	}
	return a.makeToken(w, r, in.Type, control.Token{
		Name: in.TokenName, Type: typ, Environment: in.Environment, Projects: []string{project}, ExpiresAt: in.ExpiresAt,
	})
}

// revokeProjectToken answers DELETE P/api-tokens/{token}, by id or secret. One
// that is for other projects too is not the project's to revoke.
func (a *API) revokeProjectToken(_ http.ResponseWriter, r *http.Request) error {
	project, id := r.PathValue("project"), a.tokenOf(r)
	all, err := a.service.ProjectTokens(r.Context(), caller(r), project)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(t control.Token) bool { return t.ID == id })
	switch {
	case i < 0:
		return control.Errorf(control.NotFound, "not_found", "project %q has no token %q", project, id)
	case len(all[i].Projects) > 1:
		return control.Errorf(control.Conflict, "several_projects", "token %q is for other projects too: revoke it at /api/admin/api-tokens", id)
	}
	return a.service.RevokeToken(r.Context(), caller(r), id)
}
