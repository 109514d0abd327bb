package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routeStrategies adds what changes strategies in part, in order or by default.
func (a *API) routeStrategies(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"PATCH " + envPath + "/strategies/{strategy}":                          a.patchStrategy,
		"POST " + envPath + "/strategies/set-sort-order":                       a.reorderStrategies,
		"POST " + projectPath + "/environments/{environment}/default-strategy": a.setDefaultStrategy,
	})
}

// patchStrategy answers PATCH .../strategies/{strategy}: a JSON Patch of the
// strategy as GET shows it.
func (a *API) patchStrategy(w http.ResponseWriter, r *http.Request) error {
	fe, err := a.configured(r)
	if err != nil {
		return err
	}
	id := r.PathValue("strategy")
	i, err := find(fe, id)
	if err != nil {
		return err
	}
	in, err := patched(w, r, toStrategy(fe.Strategies[i], i))
	if err != nil {
		return err
	}
	st, err := a.service.UpdateStrategy(r.Context(), caller(r), ref(r), in.strategy(id))
	if err != nil {
		return refield(err, inBody)
	}
	return a.writeStrategy(w, r, st)
}

// reorderStrategies answers POST .../strategies/set-sort-order.
func (a *API) reorderStrategies(w http.ResponseWriter, r *http.Request) error {
	var in []struct {
		ID        string `json:"id"`
		SortOrder int    `json:"sortOrder"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	order := make([]control.StrategyOrder, 0, len(in))
	for _, o := range in {
		order = append(order, control.StrategyOrder(o))
	}
	return a.service.ReorderStrategies(r.Context(), caller(r), ref(r), order)
}

// setDefaultStrategy answers POST P/environments/{environment}/default-strategy
// with the strategy as stored.
func (a *API) setDefaultStrategy(w http.ResponseWriter, r *http.Request) error {
	var in strategyDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	st, err := a.service.SetDefaultStrategy(r.Context(), caller(r), r.PathValue("project"), r.PathValue("environment"), in.strategy(""))
	if err != nil {
		return refield(err, inBody)
	}
	return httpapi.WriteJSON(w, http.StatusOK, toDefaultStrategy(st))
}

// defaultStrategyDoc is a strategy of no flag: that of a project and environment
// for flags that are switched on without one.
type defaultStrategyDoc struct {
	Name        string                 `json:"name"`
	Title       string                 `json:"title,omitempty"`
	Disabled    bool                   `json:"disabled,omitempty"`
	Constraints []constraintDoc        `json:"constraints"`
	Parameters  map[string]string      `json:"parameters"`
	Segments    []int                  `json:"segments,omitempty"`
	Variants    []eval.WeightedVariant `json:"variants,omitempty"`
}

func toDefaultStrategy(st control.Strategy) defaultStrategyDoc {
	return defaultStrategyDoc{
		Name: st.Name, Title: st.Title, Disabled: st.Disabled, Constraints: each(st.Constraints, toConstraint),
		Parameters: st.Parameters, Segments: st.Segments, Variants: st.Variants,
	}
}
