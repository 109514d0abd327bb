package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeProjects adds what changes projects. Archiving and reviving one is a
// projectAction.
func (a *API) routeProjects(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"GET " + projectPath:                                    a.healthReport,
		"GET " + projectPath + "/overview":                      a.overview,
		"GET " + projectPath + "/health-report":                 a.healthReport,
		"POST " + adminPath + "/projects/validate":              a.validateProject,
		"PUT " + projectPath:                                    a.updateProject,
		"DELETE " + projectPath:                                 a.deleteProject,
		"PUT " + projectPath + "/settings":                      a.updateProjectSettings,
		"POST " + projectPath + "/environments":                 a.addProjectEnvironment,
		"DELETE " + projectPath + "/environments/{environment}": a.removeProjectEnvironment,
	})
}

// validateProject answers POST /api/admin/projects/validate: 200 where a
// project of that id can be created.
func (a *API) validateProject(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ID string `json:"id"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.service.ValidateProjectID(r.Context(), in.ID)
}

// updateProject answers PUT P. What is not sent stays.
func (a *API) updateProject(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ID                string  `json:"id"` // passed over: the path says it
		Name              string  `json:"name"`
		Description       *string `json:"description"`
		Mode              *string `json:"mode"`
		DefaultStickiness *string `json:"defaultStickiness"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.service.EditProject(r.Context(), caller(r), r.PathValue("project"), control.ProjectEdit{
		Name: &in.Name, Description: in.Description, Mode: in.Mode, Stickiness: in.DefaultStickiness,
	})
}

// namingDoc is Unleash's createFeatureNamingPatternSchema, whose members may be
// null.
type namingDoc struct {
	Pattern     string `json:"pattern"`
	Example     string `json:"example"`
	Description string `json:"description"`
}

// linkTemplateDoc is Unleash's projectLinkTemplateSchema.
type linkTemplateDoc struct {
	Title       string `json:"title"`
	URLTemplate string `json:"urlTemplate"`
}

func toLinkTemplate(t control.LinkTemplate) linkTemplateDoc   { return linkTemplateDoc(t) }
func fromLinkTemplate(t linkTemplateDoc) control.LinkTemplate { return control.LinkTemplate(t) }

// updateProjectSettings answers PUT P/settings.
func (a *API) updateProjectSettings(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Mode          *string            `json:"mode"`
		FeatureNaming *namingDoc         `json:"featureNaming"`
		LinkTemplates *[]linkTemplateDoc `json:"linkTemplates"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	edit := control.ProjectEdit{Mode: in.Mode}
	if in.FeatureNaming != nil {
		edit.Naming = new(control.Naming(*in.FeatureNaming))
	}
	if in.LinkTemplates != nil {
		edit.LinkTemplates = new(each(*in.LinkTemplates, fromLinkTemplate))
	}
	return a.service.EditProject(r.Context(), caller(r), r.PathValue("project"), edit)
}

// deleteProject answers DELETE P.
func (a *API) deleteProject(_ http.ResponseWriter, r *http.Request) error {
	return a.service.DeleteProject(r.Context(), caller(r), r.PathValue("project"))
}

// addProjectEnvironment answers POST P/environments.
func (a *API) addProjectEnvironment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Environment           string       `json:"environment"`
		ChangeRequestsEnabled bool         `json:"changeRequestsEnabled"`
		DefaultStrategy       *strategyDoc `json:"defaultStrategy"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	switch {
	case in.ChangeRequestsEnabled:
		return notKept("changeRequestsEnabled")
	case in.DefaultStrategy != nil:
		return control.Invalidf("defaultStrategy", "is not set here: send it to %s once the project is served there", "environments/{environment}/default-strategy")
	}
	return a.service.AddEnvironment(r.Context(), caller(r), r.PathValue("project"), in.Environment)
}

// removeProjectEnvironment answers DELETE P/environments/{environment}.
func (a *API) removeProjectEnvironment(_ http.ResponseWriter, r *http.Request) error {
	return a.service.RemoveEnvironment(r.Context(), caller(r), r.PathValue("project"), r.PathValue("environment"))
}

// archiveProject answers POST /api/admin/projects/archive/{project} with 202.
func (a *API) archiveProject(w http.ResponseWriter, r *http.Request, project string) error {
	if err := a.service.ArchiveProject(r.Context(), caller(r), project); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// reviveProject answers POST /api/admin/projects/revive/{project} with 202.
func (a *API) reviveProject(w http.ResponseWriter, r *http.Request, project string) error {
	if err := a.service.ReviveProject(r.Context(), caller(r), project); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
