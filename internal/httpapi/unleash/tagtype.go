package unleash

import (
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// tagTypeDoc is Unleash's tagTypeSchema.
type tagTypeDoc struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Icon        *string `json:"icon"`
	Color       *string `json:"color"`
}

// writtenTagTypeDoc is a type as its writer is answered: what was said of it.
type writtenTagTypeDoc struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Icon        *string `json:"icon,omitempty"`
	Color       *string `json:"color,omitempty"`
}

func toTagType(t control.TagType) tagTypeDoc {
	out := tagTypeDoc{Name: t.Name, Description: t.Description}
	if t.Icon != "" {
		out.Icon = &t.Icon
	}
	if t.Color != "" {
		out.Color = &t.Color
	}
	return out
}

func (d tagTypeDoc) tagType() control.TagType {
	out := control.TagType{Name: d.Name, Description: d.Description}
	if d.Icon != nil {
		out.Icon = *d.Icon
	}
	if d.Color != nil {
		out.Color = *d.Color
	}
	return out
}

// tagTypes answers GET /api/admin/tag-types.
func (a *API) tagTypes(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.TagTypes(r.Context(), caller(r))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version  int          `json:"version"`
		TagTypes []tagTypeDoc `json:"tagTypes"`
	}{1, each(all, toTagType)})
}

// tagType answers GET /api/admin/tag-types/{name}.
func (a *API) tagType(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.TagTypes(r.Context(), caller(r))
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	i := slices.IndexFunc(all, func(t control.TagType) bool { return t.Name == name })
	if i < 0 {
		return control.Errorf(control.NotFound, "not_found", "there is no tag type %q", name)
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version int        `json:"version"`
		TagType tagTypeDoc `json:"tagType"`
	}{1, toTagType(all[i])})
}

// createTagType answers POST /api/admin/tag-types.
func (a *API) createTagType(w http.ResponseWriter, r *http.Request) error {
	var in tagTypeDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if err := a.service.CreateTagType(r.Context(), caller(r), in.tagType()); err != nil {
		return err
	}
	w.Header().Set("Location", "tag-types/"+in.Name)
	return httpapi.WriteJSON(w, http.StatusCreated, writtenTagTypeDoc(in))
}

// validateTagType answers POST /api/admin/tag-types/validate.
func (a *API) validateTagType(w http.ResponseWriter, r *http.Request) error {
	var in tagTypeDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if err := a.service.ValidateTagType(r.Context(), in.tagType()); err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Valid   bool              `json:"valid"`
		TagType writtenTagTypeDoc `json:"tagType"`
	}{true, writtenTagTypeDoc(in)})
}

// updateTagType answers PUT /api/admin/tag-types/{name}. A name in the body is
// passed over: the path says it.
func (a *API) updateTagType(w http.ResponseWriter, r *http.Request) error {
	var in tagTypeDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	in.Name = r.PathValue("name")
	return a.service.UpdateTagType(r.Context(), caller(r), in.tagType())
}

// deleteTagType answers DELETE /api/admin/tag-types/{name}.
func (a *API) deleteTagType(_ http.ResponseWriter, r *http.Request) error {
	return a.service.DeleteTagType(r.Context(), caller(r), r.PathValue("name"))
}
