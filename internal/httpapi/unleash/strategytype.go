package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeStrategyTypes adds the definitions of strategies.
func (a *API) routeStrategyTypes(mux *http.ServeMux) {
	const (
		strategies = adminPath + "/strategies"
		strategy   = strategies + "/{name}"
	)
	a.addAdmin(mux, routes{
		"GET " + strategies:                a.strategyTypes,
		"POST " + strategies:               a.createStrategyType,
		"GET " + strategy:                  a.strategyType,
		"PUT " + strategy:                  a.updateStrategyType,
		"DELETE " + strategy:               a.deleteStrategyType,
		"POST " + strategy + "/deprecate":  a.deprecateStrategyType(true),
		"POST " + strategy + "/reactivate": a.deprecateStrategyType(false),
	})
}

// strategyTypeDoc is Unleash's strategySchema. Those that every SDK has are not
// editable.
type strategyTypeDoc struct {
	Name        string         `json:"name"`
	Title       string         `json:"title"`
	DisplayName string         `json:"displayName"`
	Description string         `json:"description"`
	Editable    bool           `json:"editable"`
	Deprecated  bool           `json:"deprecated"`
	Parameters  []parameterDoc `json:"parameters"`
}

type parameterDoc struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
}

func toStrategyType(t control.StrategyType) strategyTypeDoc {
	return strategyTypeDoc{
		Name: t.Name, Title: t.Title, DisplayName: t.Title, Description: t.Description, Editable: t.Custom(), Deprecated: t.Deprecated,
		Parameters: each(t.Parameters, func(p control.StrategyParameter) parameterDoc { return parameterDoc(p) }),
	}
}

// strategyType returns the definition in a body. What is out only may be sent
// back.
func (d strategyTypeDoc) strategyType() control.StrategyType {
	return control.StrategyType{
		Name: d.Name, Title: d.Title, Description: d.Description, Deprecated: d.Deprecated,
		Parameters: each(d.Parameters, func(p parameterDoc) control.StrategyParameter { return control.StrategyParameter(p) }),
	}
}

// strategyTypes answers GET /api/admin/strategies.
func (a *API) strategyTypes(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.StrategyTypes(r.Context(), caller(r))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version    int               `json:"version"`
		Strategies []strategyTypeDoc `json:"strategies"`
	}{1, each(all, toStrategyType)})
}

// strategyType answers GET /api/admin/strategies/{name}.
func (a *API) strategyType(w http.ResponseWriter, r *http.Request) error {
	return a.writeStrategyType(w, r, http.StatusOK, r.PathValue("name"))
}

func (a *API) writeStrategyType(w http.ResponseWriter, r *http.Request, status int, name string) error {
	t, err := a.service.StrategyType(r.Context(), caller(r), name)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, status, toStrategyType(t))
}

// createStrategyType answers POST /api/admin/strategies.
func (a *API) createStrategyType(w http.ResponseWriter, r *http.Request) error {
	var in strategyTypeDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if err := a.service.CreateStrategyType(r.Context(), caller(r), in.strategyType()); err != nil {
		return err
	}
	w.Header().Set("Location", adminPath+"/strategies/"+in.Name)
	return a.writeStrategyType(w, r, http.StatusCreated, in.Name)
}

// updateStrategyType answers PUT /api/admin/strategies/{name}.
func (a *API) updateStrategyType(w http.ResponseWriter, r *http.Request) error {
	var in strategyTypeDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	in.Name = r.PathValue("name")
	return a.service.UpdateStrategyType(r.Context(), caller(r), in.strategyType())
}

// deleteStrategyType answers DELETE /api/admin/strategies/{name}.
func (a *API) deleteStrategyType(_ http.ResponseWriter, r *http.Request) error {
	return a.service.DeleteStrategyType(r.Context(), caller(r), r.PathValue("name"))
}

// deprecateStrategyType answers POST .../deprecate and .../reactivate.
func (a *API) deprecateStrategyType(deprecated bool) httpapi.Handler {
	return func(_ http.ResponseWriter, r *http.Request) error {
		return a.service.DeprecateStrategyType(r.Context(), caller(r), r.PathValue("name"), deprecated)
	}
}
