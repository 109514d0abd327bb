package unleash

import (
	"net/http"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routeContext adds the fields of the context, and those of one project, which
// are written below it.
func (a *API) routeContext(mux *http.ServeMux) {
	for _, fields := range []string{adminPath + "/context", projectPath + "/context"} {
		field := fields + "/{field}"
		a.addAdmin(mux, routes{
			"GET " + fields:                             a.contextFields,
			"POST " + fields:                            a.createContextField,
			"POST " + fields + "/validate":              a.validateContextField,
			"GET " + field:                              a.contextField,
			"PUT " + field:                              a.updateContextField,
			"DELETE " + field:                           a.deleteContextField,
			"GET " + field + "/strategies":              a.contextFieldUse,
			"POST " + field + "/legal-values":           a.addLegalValue,
			"DELETE " + field + "/legal-values/{value}": a.removeLegalValue,
		})
	}
}

// fieldName returns the name of the field that a path names, where the project
// that the path names, if it does, has such a field of its own.
func (a *API) fieldName(r *http.Request) (string, error) {
	f, err := a.field(r)
	return f.Name, err
}

func (a *API) field(r *http.Request) (control.ContextField, error) {
	f, err := a.service.ContextField(r.Context(), caller(r), r.PathValue("field"))
	if project := r.PathValue("project"); err == nil && project != "" && f.Project != project {
		err = control.Errorf(control.NotFound, "not_found", "project %q has no context field %q of its own", project, f.Name)
	}
	return f, err
}

// contextFieldDoc is Unleash's contextFieldSchema.
type contextFieldDoc struct {
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Stickiness  bool            `json:"stickiness"`
	SortOrder   int             `json:"sortOrder"`
	CreatedAt   *time.Time      `json:"createdAt"`
	LegalValues []legalValueDoc `json:"legalValues"`
	Project     string          `json:"project,omitempty"`
}

// listedFieldDoc is a field in the list of them, with how many use it.
type listedFieldDoc struct {
	contextFieldDoc

	UsedInFeatures int `json:"usedInFeatures"`
	UsedInProjects int `json:"usedInProjects"`
}

// legalValueDoc is Unleash's legalValueSchema.
type legalValueDoc struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

func toLegalValue(l control.LegalValue) legalValueDoc   { return legalValueDoc(l) }
func fromLegalValue(l legalValueDoc) control.LegalValue { return control.LegalValue(l) }

func toContextField(f control.ContextField) contextFieldDoc {
	out := contextFieldDoc{
		Name: f.Name, Description: orNull(f.Description), Stickiness: f.Stickiness, SortOrder: f.SortOrder,
		LegalValues: each(f.LegalValues, toLegalValue), Project: f.Project,
	}
	if !f.CreatedAt.IsZero() {
		out.CreatedAt = &f.CreatedAt
	}
	return out
}

// toListedField shows a field with the strategies that have a constraint on it.
func toListedField(f control.ContextField, uses []control.StrategyUse) listedFieldDoc {
	flags, projects := map[string]bool{}, map[string]bool{}
	for _, u := range uses {
		if slices.Contains(u.Fields, f.Name) {
			flags[u.Flag], projects[u.Project] = true, true
		}
	}
	return listedFieldDoc{contextFieldDoc: toContextField(f), UsedInFeatures: len(flags), UsedInProjects: len(projects)}
}

// constrained are the strategies that have a constraint, of their own.
func (a *API) constrained(r *http.Request) ([]control.StrategyUse, error) {
	return a.service.StrategyUses(r.Context(), caller(r), func(st control.Strategy) bool { return len(st.Constraints) > 0 })
}

// contextFields answers GET /api/admin/context, and P/context, with a bare list.
func (a *API) contextFields(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.ContextFields(r.Context(), caller(r))
	if err != nil {
		return err
	}
	if project := r.PathValue("project"); project != "" {
		all = slices.DeleteFunc(all, func(f control.ContextField) bool { return f.Project != project })
	}
	uses, err := a.constrained(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, each(all, func(f control.ContextField) listedFieldDoc { return toListedField(f, uses) }))
}

// contextField answers GET /api/admin/context/{field}.
func (a *API) contextField(w http.ResponseWriter, r *http.Request) error {
	f, err := a.field(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toContextField(f))
}

// createContextField answers POST /api/admin/context.
func (a *API) createContextField(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Stickiness  bool            `json:"stickiness"`
		SortOrder   int             `json:"sortOrder"`
		Project     string          `json:"project"`
		LegalValues []legalValueDoc `json:"legalValues"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if at := r.PathValue("project"); at != "" {
		if in.Project != "" && in.Project != at {
			return control.Invalidf("project", "%q is not the path's, %q", in.Project, at)
		}
		in.Project = at
	}
	f, err := a.service.CreateContextField(r.Context(), caller(r), control.ContextField{
		Name: in.Name, Project: in.Project, Description: in.Description, Stickiness: in.Stickiness, SortOrder: in.SortOrder, LegalValues: each(in.LegalValues, fromLegalValue),
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "context/"+f.Name)
	return httpapi.WriteJSON(w, http.StatusCreated, toContextField(f))
}

// validateContextField answers POST /api/admin/context/validate.
func (a *API) validateContextField(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.service.ValidateContextFieldName(r.Context(), in.Name)
}

// updateContextField answers PUT /api/admin/context/{field}, which replaces it as
// Unleash does: but for the description, what is not sent is as in a new field.
func (a *API) updateContextField(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name        string          `json:"name"` // passed over: the path says it
		Description *string         `json:"description"`
		Stickiness  bool            `json:"stickiness"`
		SortOrder   int             `json:"sortOrder"`
		Project     *string         `json:"project"`
		LegalValues []legalValueDoc `json:"legalValues"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	f, err := a.field(r)
	if err != nil {
		return err
	}
	if in.Project != nil && *in.Project != f.Project {
		return control.Invalidf("project", "is %q and cannot be changed: delete the field and create it anew", f.Project)
	}
	return a.service.ChangeContextField(r.Context(), caller(r), f.Name, func(f *control.ContextField) {
		if in.Description != nil {
			f.Description = *in.Description
		}
		f.Stickiness, f.SortOrder = in.Stickiness, in.SortOrder
		f.LegalValues = each(in.LegalValues, fromLegalValue)
	})
}

// deleteContextField answers DELETE /api/admin/context/{field}.
func (a *API) deleteContextField(_ http.ResponseWriter, r *http.Request) error {
	name, err := a.fieldName(r)
	if err != nil {
		return err
	}
	return a.service.DeleteContextField(r.Context(), caller(r), name)
}

// contextFieldUse answers GET /api/admin/context/{field}/strategies.
func (a *API) contextFieldUse(w http.ResponseWriter, r *http.Request) error {
	name, err := a.fieldName(r)
	if err != nil {
		return err
	}
	uses, err := a.service.StrategyUses(r.Context(), caller(r), func(st control.Strategy) bool {
		return slices.ContainsFunc(st.Constraints, func(c eval.Constraint) bool { return c.ContextName == name })
	})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Strategies []useDoc `json:"strategies"`
	}{each(uses, toUse)})
}

// addLegalValue answers POST /api/admin/context/{field}/legal-values. One that
// is there already gets the new description.
func (a *API) addLegalValue(w http.ResponseWriter, r *http.Request) error {
	var in legalValueDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	name, err := a.fieldName(r)
	if err != nil {
		return err
	}
	return a.service.ChangeContextField(r.Context(), caller(r), name, func(f *control.ContextField) {
		f.LegalValues = append(without(f.LegalValues, in.Value), fromLegalValue(in))
	})
}

// removeLegalValue answers DELETE /api/admin/context/{field}/legal-values/{value}.
func (a *API) removeLegalValue(_ http.ResponseWriter, r *http.Request) error {
	name, err := a.fieldName(r)
	if err != nil {
		return err
	}
	return a.service.ChangeContextField(r.Context(), caller(r), name, func(f *control.ContextField) {
		f.LegalValues = without(f.LegalValues, r.PathValue("value"))
	})
}

func without(values []control.LegalValue, value string) []control.LegalValue {
	return slices.DeleteFunc(values, func(l control.LegalValue) bool { return l.Value == value })
}
