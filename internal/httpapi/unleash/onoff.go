package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// switchFlag answers POST E/on and E/off with the flag, which Unleash documents
// and does not do: clients that read the answer and clients that do not are
// both served.
func (a *API) switchFlag(on bool) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		at := ref(r)
		t := control.Toggle{
			Project: at.Project, Environment: at.Environment, Flags: []string{at.Flag}, On: on,
			Activate: r.URL.Query().Get("shouldActivateDisabledStrategies") == "true",
		}
		if err := a.service.Toggle(r.Context(), caller(r), t); err != nil {
			return err
		}
		return a.flag(w, r)
	}
}

// switchFlags answers POST P/bulk_features/environments/{environment}/on and
// .../off. It switches all flags or none.
func (a *API) switchFlags(on bool) httpapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		flags, err := flagBatch(w, r)
		if err != nil {
			return err
		}
		return a.service.Toggle(r.Context(), caller(r), control.Toggle{
			Project: r.PathValue("project"), Environment: r.PathValue("environment"), Flags: flags, On: on,
			Activate: r.URL.Query().Get("shouldActivateDisabledStrategies") == "true",
		})
	}
}

// flagBatch reads the body of Unleash's batchFeaturesSchema.
func flagBatch(w http.ResponseWriter, r *http.Request) ([]string, error) {
	var in struct {
		Features []string `json:"features"`
	}
	err := httpapi.AdminBody.Decode(w, r, &in)
	return in.Features, err
}
