package unleash

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// projectDoc is Unleash's projectSchema, as far as it is known here, and with
// its environments also its projectCreatedSchema.
type projectDoc struct {
	ID                string            `json:"id"`
	Name              string            `json:"name"`
	Description       string            `json:"description"`
	Mode              string            `json:"mode"`
	DefaultStickiness string            `json:"defaultStickiness"`
	Environments      []string          `json:"environments"`
	FeatureLimit      *int              `json:"featureLimit"` // null: without limit
	CreatedAt         time.Time         `json:"createdAt"`
	ArchivedAt        *time.Time        `json:"archivedAt"`
	FeatureNaming     *namingDoc        `json:"featureNaming,omitempty"`
	LinkTemplates     []linkTemplateDoc `json:"linkTemplates"`
	Favorite          bool              `json:"favorite"`
}

// toProject shows a project as an admin sees it.
func toProject(p control.Project) projectDoc {
	out := projectDoc{
		ID: p.ID, Name: p.Name, Description: p.Description, Mode: cmp.Or(p.Mode, "open"),
		DefaultStickiness: p.Stickiness, Environments: p.Environments, CreatedAt: p.CreatedAt,
		ArchivedAt: p.ArchivedAt, LinkTemplates: each(p.LinkTemplates, toLinkTemplate),
	}
	if p.Naming != nil {
		out.FeatureNaming = new(namingDoc(*p.Naming))
	}
	return out
}

// listedProjectDoc is a project in the list of them, with how it does. There are
// no owners but the system and no members yet.
type listedProjectDoc struct {
	projectDoc

	Health           float64             `json:"health"`
	TechnicalDebt    float64             `json:"technicalDebt"`
	FeatureCount     int                 `json:"featureCount"`
	MemberCount      int                 `json:"memberCount"`
	Owners           []map[string]string `json:"owners"`
	OnboardingStatus onboarding          `json:"onboardingStatus"`
	LastReported     *time.Time          `json:"lastReportedFlagUsage"`
}

func toListedProject(h control.ProjectHealth) listedProjectDoc {
	return listedProjectDoc{
		projectDoc: toProject(h.Project), Health: 100 - h.Debt(), TechnicalDebt: h.Debt(), FeatureCount: len(h.Flags),
		Owners: []map[string]string{{"ownerType": "system"}}, OnboardingStatus: toOnboarding(h),
	}
}

// projects answers GET /api/admin/projects: those that the caller may read,
// with ?archived=true the archived ones.
func (a *API) projects(w http.ResponseWriter, r *http.Request) error {
	read := a.service.Projects
	if r.URL.Query().Get("archived") == "true" {
		read = a.service.ArchivedProjects
	}
	all, err := read(r.Context(), caller(r))
	if err != nil {
		return err
	}
	favorites, err := a.service.FavoriteProjects(r.Context(), caller(r))
	if err != nil {
		return err
	}
	out := struct {
		Version  int                `json:"version"`
		Projects []listedProjectDoc `json:"projects"`
	}{1, []listedProjectDoc{}}
	for _, pr := range all {
		h, err := a.service.ProjectHealth(r.Context(), caller(r), pr.ID)
		if err != nil {
			return err
		}
		doc := toListedProject(h)
		doc.Favorite = favorites[pr.ID]
		out.Projects = append(out.Projects, doc)
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// createProject answers POST /api/admin/projects. Without an id, one is made of
// the name; without environments, the project is served in all of them.
func (a *API) createProject(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ID                        string   `json:"id"`
		Name                      string   `json:"name"`
		Description               string   `json:"description"`
		Mode                      string   `json:"mode"`
		DefaultStickiness         string   `json:"defaultStickiness"`
		Environments              []string `json:"environments"`
		ChangeRequestEnvironments []any    `json:"changeRequestEnvironments"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	switch {
	case in.Name == "":
		return control.Invalidf("name", "is missing")
	case len(in.ChangeRequestEnvironments) > 0:
		return notKept("changeRequestEnvironments")
	case in.ID == "":
		in.ID = slug(in.Name)
	}
	p, err := a.service.CreateProject(r.Context(), httpapi.CallerOf(r.Context()).Principal, control.Project{
		ID: in.ID, Name: in.Name, Description: in.Description,
		Environments: in.Environments, Stickiness: in.DefaultStickiness, Mode: in.Mode,
	})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusCreated, toProject(p))
}

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes an id of a name: lower case, with single hyphens.
func slug(name string) string {
	return strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// each returns f of every item, an empty list rather than none.
func each[T, U any](items []T, f func(T) U) []U {
	out := make([]U, 0, len(items))
	for _, item := range items {
		out = append(out, f(item))
	}
	return out
}
