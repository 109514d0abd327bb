package unleash

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// segments answers GET /api/admin/segments.
func (a *API) segments(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Segments(r.Context(), httpapi.CallerOf(r.Context()).Principal)
	if err != nil {
		return err
	}
	out := struct {
		Segments []eval.Segment `json:"segments"`
	}{orEmpty(all)}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// createSegment answers POST /api/admin/segments.
func (a *API) createSegment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Project     string          `json:"project"`
		Constraints []constraintDoc `json:"constraints"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	switch {
	case in.Description != "":
		return notKept("description")
	case in.Project != "":
		return notKept("project")
	}
	seg, err := a.service.CreateSegment(r.Context(), httpapi.CallerOf(r.Context()).Principal, eval.Segment{
		Name: in.Name, Constraints: each(in.Constraints, fromConstraint),
	})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusCreated, seg)
}

// validateConstraint answers POST /api/admin/constraints/validate: 204 where the engine takes a constraint, and 400
// with its reason where it does not.
func (a *API) validateConstraint(w http.ResponseWriter, r *http.Request) error {
	var in constraintDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	probe := eval.Flag{Name: "probe", Enabled: true, Strategies: []eval.Strategy{{Name: "default", Constraints: []eval.Constraint{eval.Constraint(in)}}}}
	if _, warnings := eval.Compile(eval.Snapshot{Features: []eval.Flag{probe}}); len(warnings) > 0 {
		_, why, _ := strings.Cut(warnings[0].Msg, "constraint 0: ")
		return control.Invalidf("body", "%s", cmp.Or(why, warnings[0].Msg))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
