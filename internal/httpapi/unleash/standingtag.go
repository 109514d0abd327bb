package unleash

import (
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeStandingTags adds tags by themselves.
func (a *API) routeStandingTags(mux *http.ServeMux) {
	const tags = adminPath + "/tags"
	a.addAdmin(mux, routes{
		"GET " + tags:                        a.standingTags,
		"POST " + tags:                       a.createTag,
		"GET " + tags + "/{type}":            a.standingTags,
		"GET " + tags + "/{type}/{value}":    a.standingTag,
		"DELETE " + tags + "/{type}/{value}": a.deleteTag,
	})
}

func toStandingTag(t control.StandingTag) tagDoc {
	return tagDoc{Type: t.Type, Value: t.Value, Color: orNull(t.Color)}
}

// tagWithVersion is Unleash's tagWithVersionSchema.
type tagWithVersion struct {
	Version int    `json:"version"`
	Tag     tagDoc `json:"tag"`
}

// standingTags answers GET /api/admin/tags, and /tags/{type}.
func (a *API) standingTags(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.StandingTags(r.Context(), caller(r), r.PathValue("type"))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version int      `json:"version"`
		Tags    []tagDoc `json:"tags"`
	}{1, each(all, toStandingTag)})
}

// standingTag answers GET /api/admin/tags/{type}/{value}.
func (a *API) standingTag(w http.ResponseWriter, r *http.Request) error {
	typ, value := r.PathValue("type"), r.PathValue("value")
	all, err := a.service.StandingTags(r.Context(), caller(r), typ)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(t control.StandingTag) bool { return t.Value == value })
	if i < 0 {
		return control.Errorf(control.NotFound, "not_found", "there is no tag %q of type %q", value, typ)
	}
	return httpapi.WriteJSON(w, http.StatusOK, tagWithVersion{1, toStandingTag(all[i])})
}

// createTag answers POST /api/admin/tags.
func (a *API) createTag(w http.ResponseWriter, r *http.Request) error {
	var in tagDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	t := control.StandingTag{Tag: fromTag(in)}
	if in.Color != nil {
		t.Color = *in.Color
	}
	made, err := a.service.CreateTag(r.Context(), caller(r), t)
	if err != nil {
		return refield(err, func(field string) string {
			if field == "tags" {
				return "value"
			}
			return field
		})
	}
	w.Header().Set("Location", adminPath+"/tags/"+made.Type+"/"+made.Value)
	return httpapi.WriteJSON(w, http.StatusCreated, tagWithVersion{1, toStandingTag(made)})
}

// deleteTag answers DELETE /api/admin/tags/{type}/{value}.
func (a *API) deleteTag(_ http.ResponseWriter, r *http.Request) error {
	return a.service.DeleteTag(r.Context(), caller(r), control.Tag{Type: r.PathValue("type"), Value: r.PathValue("value")})
}
