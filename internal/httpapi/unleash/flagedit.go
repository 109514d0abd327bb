package unleash

import (
	"cmp"
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// flagEditDoc is Unleash's updateFeatureSchema, and what PATCH may change.
type flagEditDoc struct {
	Description    *string `json:"description,omitempty"`
	Type           *string `json:"type,omitempty"`
	Stale          *bool   `json:"stale,omitempty"`
	ImpressionData *bool   `json:"impressionData,omitempty"`
	Archived       *bool   `json:"archived,omitempty"`
}

// replaceFlag answers PUT F, which replaces what the flag says of itself: what
// is not sent is as in a new flag.
func (a *API) replaceFlag(w http.ResponseWriter, r *http.Request) error {
	var in flagEditDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	view, err := a.view(r)
	if err != nil {
		return err
	}
	in.Description, in.Type = cmp.Or(in.Description, new("")), cmp.Or(in.Type, new(defaultFlagType))
	in.Stale, in.ImpressionData = cmp.Or(in.Stale, new(false)), cmp.Or(in.ImpressionData, new(false))
	return a.editFlag(w, r, view.Flag, in)
}

// defaultFlagType is that of a flag whose request names none, in Unleash.
const defaultFlagType = "release"

// patchFlag answers PATCH F: a JSON Patch of /description, /type, /stale and
// /impressionData.
func (a *API) patchFlag(w http.ResponseWriter, r *http.Request) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	archived := view.ArchivedAt != nil
	in, err := patched(w, r, flagEditDoc{&view.Description, &view.Type, &view.Stale, &view.ImpressionData, &archived})
	if err != nil {
		return err
	}
	if in.Description == nil { // removed
		in.Description = new(string)
	}
	return a.editFlag(w, r, view.Flag, in)
}

func (a *API) editFlag(w http.ResponseWriter, r *http.Request, f control.Flag, in flagEditDoc) error {
	if in.Archived != nil && *in.Archived != (f.ArchivedAt != nil) {
		return control.Invalidf("archived", "is not changed here: DELETE archives a flag, and POST /api/admin/archive/revive brings it back")
	}
	err := a.service.EditFlags(r.Context(), caller(r), f.Project, []string{f.Name}, control.FlagEdit{
		Type: in.Type, Description: in.Description, Stale: in.Stale, ImpressionData: in.ImpressionData,
	})
	if err != nil {
		return err
	}
	view, err := a.view(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toWritten(view.Flag))
}

// staleFlags answers POST P/stale with 202, as Unleash does.
func (a *API) staleFlags(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Features []string `json:"features"`
		Stale    *bool    `json:"stale"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Stale == nil {
		return control.Invalidf("stale", "is missing")
	}
	err := a.service.EditFlags(r.Context(), caller(r), r.PathValue("project"), in.Features, control.FlagEdit{Stale: in.Stale})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// validateFlag answers POST /api/admin/features/validate: 200 where a flag of
// that name may be created.
func (a *API) validateFlag(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name      string `json:"name"`
		ProjectID string `json:"projectId"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.service.ValidateFlagName(r.Context(), caller(r), in.ProjectID, in.Name)
}

// cloneFlag answers POST F/clone with the new flag.
func (a *API) cloneFlag(w http.ResponseWriter, r *http.Request) error {
	in := struct {
		Name           string `json:"name"`
		ReplaceGroupID bool   `json:"replaceGroupId"`
	}{ReplaceGroupID: true}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	at := ref(r)
	f, err := a.service.CloneFlag(r.Context(), caller(r), at.Project, at.Flag, in.Name, in.ReplaceGroupID)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusCreated, toWritten(f.Flag))
}
