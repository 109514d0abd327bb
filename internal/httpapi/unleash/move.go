package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// moveFlag answers POST F/changeProject.
func (a *API) moveFlag(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		NewProjectID string `json:"newProjectId"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.NewProjectID == "" {
		return control.Invalidf("newProjectId", "is missing: name the project to move to")
	}
	at := ref(r)
	return a.service.MoveFlag(r.Context(), caller(r), at.Project, at.Flag, in.NewProjectID)
}
