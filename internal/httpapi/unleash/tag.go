package unleash

import (
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeTags adds tags, their types, and links.
func (a *API) routeTags(mux *http.ServeMux) {
	const (
		tags  = adminPath + "/features/{feature}/tags"
		types = adminPath + "/tag-types"
	)
	a.addAdmin(mux, routes{
		"GET " + tags:                         a.tags,
		"POST " + tags:                        a.addTag,
		"PUT " + tags:                         a.updateTags,
		"DELETE " + tags + "/{type}/{value}":  a.removeTag,
		"PUT " + projectPath + "/tags":        a.tagMany,
		"GET " + types:                        a.tagTypes,
		"POST " + types:                       a.createTagType,
		"POST " + types + "/validate":         a.validateTagType,
		"GET " + types + "/{name}":            a.tagType,
		"PUT " + types + "/{name}":            a.updateTagType,
		"DELETE " + types + "/{name}":         a.deleteTagType,
		"POST " + flagPath + "/link":          a.setLink,
		"PUT " + flagPath + "/link/{link}":    a.setLink,
		"DELETE " + flagPath + "/link/{link}": a.removeLink,
	})
}

// tagDoc is Unleash's tagSchema. The colour is the type's, and out only.
type tagDoc struct {
	Type  string  `json:"type"`
	Value string  `json:"value"`
	Color *string `json:"color,omitempty"`
}

// coloredTag is a tag with its type's colour, null where that has none.
type coloredTag struct {
	tagDoc

	Color *string `json:"color"`
}

// colored returns what shows a tag with the colour of its type.
func colored(types []control.TagType) func(control.Tag) coloredTag {
	return func(t control.Tag) coloredTag {
		out := coloredTag{tagDoc: toTag(t)}
		if i := slices.IndexFunc(types, func(of control.TagType) bool { return of.Name == t.Type }); i >= 0 {
			out.Color = orNull(types[i].Color)
		}
		return out
	}
}

func toTag(t control.Tag) tagDoc   { return tagDoc{Type: t.Type, Value: t.Value} }
func fromTag(t tagDoc) control.Tag { return control.Tag{Type: t.Type, Value: t.Value} }

// tags answers GET /api/admin/features/{feature}/tags.
func (a *API) tags(w http.ResponseWriter, r *http.Request) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	types, err := a.service.TagTypes(r.Context(), caller(r))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version int          `json:"version"`
		Tags    []coloredTag `json:"tags"`
	}{1, each(view.Tags, colored(types))})
}

// addTag answers POST /api/admin/features/{feature}/tags with 201.
func (a *API) addTag(w http.ResponseWriter, r *http.Request) error {
	var in tagDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if err := a.tagOne(r, []tagDoc{in}, nil); err != nil {
		return err
	}
	w.Header().Set("Location", r.PathValue("feature")+"/tags")
	return httpapi.WriteJSON(w, http.StatusCreated, in)
}

// tagChange is what Unleash's updateTagsSchema says.
type tagChange struct {
	AddedTags   []tagDoc `json:"addedTags"`
	RemovedTags []tagDoc `json:"removedTags"`
}

// updateTags answers PUT /api/admin/features/{feature}/tags with the tags.
func (a *API) updateTags(w http.ResponseWriter, r *http.Request) error {
	var in tagChange
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if err := a.tagOne(r, in.AddedTags, in.RemovedTags); err != nil {
		return err
	}
	return a.tags(w, r)
}

// removeTag answers DELETE /api/admin/features/{feature}/tags/{type}/{value}.
func (a *API) removeTag(_ http.ResponseWriter, r *http.Request) error {
	return a.tagOne(r, nil, []tagDoc{{Type: r.PathValue("type"), Value: r.PathValue("value")}})
}

// tagOne changes the tags of the flag that the path names without its project.
func (a *API) tagOne(r *http.Request, add, remove []tagDoc) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	return a.service.TagFlags(r.Context(), caller(r), view.Project, []string{view.Name}, each(add, fromTag), each(remove, fromTag))
}

// tagMany answers PUT P/tags.
func (a *API) tagMany(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Features []string  `json:"features"`
		Tags     tagChange `json:"tags"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.service.TagFlags(r.Context(), caller(r), r.PathValue("project"), in.Features, each(in.Tags.AddedTags, fromTag), each(in.Tags.RemovedTags, fromTag))
}
