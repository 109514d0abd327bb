package unleash

import (
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routeVariants adds what changes the variants that a flag has of its own in
// an environment. Those of a strategy are part of it.
func (a *API) routeVariants(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"GET " + envPath + "/variants":        a.variants,
		"PUT " + envPath + "/variants":        a.replaceVariants,
		"PATCH " + envPath + "/variants":      a.patchVariants,
		"PUT " + flagPath + "/variants-batch": a.replaceVariantsOfMany,
	})
}

// variants answers GET E/variants.
func (a *API) variants(w http.ResponseWriter, r *http.Request) error {
	fe, err := a.configured(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version  int                    `json:"version"`
		Variants []eval.WeightedVariant `json:"variants"`
	}{1, orEmpty(fe.Variants)})
}

// replaceVariants answers PUT E/variants with the variants as stored.
func (a *API) replaceVariants(w http.ResponseWriter, r *http.Request) error {
	var in []eval.WeightedVariant
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.setVariants(w, r, in)
}

// patchVariants answers PATCH E/variants: a JSON Patch of the list.
func (a *API) patchVariants(w http.ResponseWriter, r *http.Request) error {
	fe, err := a.configured(r)
	if err != nil {
		return err
	}
	in, err := patched(w, r, orEmpty(fe.Variants))
	if err != nil {
		return err
	}
	return a.setVariants(w, r, in)
}

func (a *API) setVariants(w http.ResponseWriter, r *http.Request, in []eval.WeightedVariant) error {
	at := ref(r)
	if err := a.service.SetVariants(r.Context(), caller(r), at.Project, at.Flag, []string{at.Environment}, in); err != nil {
		return refield(err, inList)
	}
	return a.variants(w, r)
}

// inList turns a path in variants into one in a body that is that list.
func inList(field string) string {
	if len(field) > len("variants") && field[:len("variants")] == "variants" {
		return field[len("variants"):]
	}
	return "body"
}

// replaceVariantsOfMany answers PUT F/variants-batch, which gives the same
// variants to several environments.
func (a *API) replaceVariantsOfMany(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Variants     []eval.WeightedVariant `json:"variants"`
		Environments []string               `json:"environments"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	at := ref(r)
	if err := a.service.SetVariants(r.Context(), caller(r), at.Project, at.Flag, in.Environments, in.Variants); err != nil {
		return err
	}
	view, err := a.view(r)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(view.Environments, func(fe control.FlagEnv) bool { return fe.Environment == in.Environments[0] })
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version  int                    `json:"version"`
		Variants []eval.WeightedVariant `json:"variants"`
	}{1, orEmpty(view.Environments[i].Variants)})
}
