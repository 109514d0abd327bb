package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/httpapi"
)

// featureType is Unleash's featureTypeSchema.
type featureType struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	LifetimeDays *int   `json:"lifetimeDays"` // null: meant to stay
}

// featureTypeList is what control knows as types, with Unleash's expected
// lifetimes.
var featureTypeList = []featureType{
	{"release", "Release", "Ships a change step by step and goes away once it is at 100 %.", new(40)},
	{"experiment", "Experiment", "Compares variants until one of them wins.", new(40)},
	{"operational", "Operational", "Carries a change of infrastructure or behaviour through.", new(7)},
	{"kill-switch", "Kill switch", "Takes a part out of service in one action.", nil},
	{"permission", "Permission", "Decides who may use something.", nil},
	{"sunset", "Sunset", "Takes a part away from its last users.", new(90)},
}

// featureTypes answers GET /api/admin/feature-types.
func (a *API) featureTypes(w http.ResponseWriter, _ *http.Request) error {
	out := struct {
		Version int           `json:"version"`
		Types   []featureType `json:"types"`
	}{1, featureTypeList}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}
