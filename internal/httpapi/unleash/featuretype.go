package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeFlagTypes adds the types of flags and their lifetimes.
func (a *API) routeFlagTypes(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"GET " + adminPath + "/feature-types":               a.featureTypes,
		"PUT " + adminPath + "/feature-types/{id}/lifetime": a.setLifetime,
	})
}

// featureType is Unleash's featureTypeSchema.
type featureType struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	LifetimeDays *int   `json:"lifetimeDays"` // null: meant to stay
}

// flagTypeTexts are the name and the description of each type.
var flagTypeTexts = map[string][2]string{
	"release":     {"Release", "Ships a change step by step and goes away once it is at 100 %."},
	"experiment":  {"Experiment", "Compares variants until one of them wins."},
	"operational": {"Operational", "Carries a change of infrastructure or behaviour through."},
	"kill-switch": {"Kill switch", "Takes a part out of service in one action."},
	"permission":  {"Permission", "Decides who may use something."},
	"sunset":      {"Sunset", "Takes a part away from its last users."},
}

func toFeatureType(t control.FlagType) featureType {
	text := flagTypeTexts[t.ID]
	return featureType{t.ID, text[0], text[1], t.LifetimeDays}
}

// featureTypes answers GET /api/admin/feature-types.
func (a *API) featureTypes(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.FlagTypes(r.Context())
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version int           `json:"version"`
		Types   []featureType `json:"types"`
	}{1, each(all, toFeatureType)})
}

// setLifetime answers PUT /api/admin/feature-types/{id}/lifetime.
func (a *API) setLifetime(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		LifetimeDays *int `json:"lifetimeDays"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	t, err := a.service.SetLifetime(r.Context(), caller(r), r.PathValue("id"), in.LifetimeDays)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toFeatureType(t))
}
