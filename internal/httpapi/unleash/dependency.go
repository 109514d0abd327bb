package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routeDependencies adds what says which flag depends on which.
func (a *API) routeDependencies(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"POST " + flagPath + "/dependencies":            a.setDependency,
		"DELETE " + flagPath + "/dependencies":          a.removeDependency,
		"DELETE " + flagPath + "/dependencies/{parent}": a.removeDependency,
		"GET " + flagPath + "/parents":                  a.parentOptions,
		"GET " + flagPath + "/parent-variants":          a.variantOptions,
		"GET " + projectPath + "/dependencies":          a.hasDependencies,
	})
}

// setDependency answers POST F/dependencies with 200 and no body.
func (a *API) setDependency(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Feature  string   `json:"feature"`
		Enabled  *bool    `json:"enabled"`
		Variants []string `json:"variants"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Feature == "" {
		return control.Invalidf("feature", "is missing")
	}
	at := ref(r)
	return a.service.SetDependency(r.Context(), caller(r), at.Project, at.Flag, eval.Dependency(in))
}

// removeDependency answers DELETE F/dependencies and .../{parent}.
func (a *API) removeDependency(_ http.ResponseWriter, r *http.Request) error {
	at := ref(r)
	return a.service.RemoveDependency(r.Context(), caller(r), at.Project, at.Flag, r.PathValue("parent"))
}

// parentOptions answers GET F/parents: what F may depend on.
func (a *API) parentOptions(w http.ResponseWriter, r *http.Request) error {
	at := ref(r)
	names, err := a.service.ParentOptions(r.Context(), caller(r), at.Project, at.Flag)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, names)
}

// variantOptions answers GET F/parent-variants: what a child of F may ask for.
func (a *API) variantOptions(w http.ResponseWriter, r *http.Request) error {
	at := ref(r)
	names, err := a.service.VariantOptions(r.Context(), caller(r), at.Project, at.Flag)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, orEmpty(names))
}

// hasDependencies answers GET P/dependencies.
func (a *API) hasDependencies(w http.ResponseWriter, r *http.Request) error {
	has, err := a.service.HasDependencies(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, has)
}
