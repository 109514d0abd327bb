package unleash

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeApplications adds the applications that ask about flags.
func (a *API) routeApplications(mux *http.ServeMux) {
	const metrics = adminPath + "/metrics"
	a.addAdmin(mux, routes{
		"GET " + metrics + "/applications":                              a.applications,
		"GET " + metrics + "/applications/{app}":                        a.application,
		"POST " + metrics + "/applications/{app}":                       a.describeApplication,
		"DELETE " + metrics + "/applications/{app}":                     a.forgetApplication,
		"GET " + metrics + "/applications/{app}/overview":               a.applicationOverview,
		"GET " + metrics + "/instances/{app}/environment/{environment}": a.applicationInstances,
		"GET " + metrics + "/sdks/outdated":                             outdatedSDKs,
		"GET " + projectPath + "/applications":                          a.projectApplications,
		"GET " + projectPath + "/sdks/outdated":                         outdatedSDKs,
	})
}

// applicationDoc is Unleash's applicationSchema.
type applicationDoc struct {
	AppName     string                `json:"appName"`
	Strategies  []string              `json:"strategies"`
	Description string                `json:"description,omitempty"`
	URL         string                `json:"url,omitempty"`
	Color       string                `json:"color,omitempty"`
	Icon        string                `json:"icon,omitempty"`
	Usage       []applicationUsageDoc `json:"usage"`
}

type applicationUsageDoc struct {
	Project      string   `json:"project"`
	Environments []string `json:"environments"`
}

func toApplication(a control.Application) applicationDoc {
	out := applicationDoc{
		AppName: a.Name, Strategies: orEmpty(a.Strategies), Description: a.Description, URL: a.URL, Color: a.Color, Icon: a.Icon,
		Usage: []applicationUsageDoc{},
	}
	for _, project := range a.Projects {
		out.Usage = append(out.Usage, applicationUsageDoc{project, orEmpty(a.Environments())})
	}
	return out
}

// applications answers GET /api/admin/metrics/applications, by pages of 25
// where there is no limit given.
func (a *API) applications(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Applications(r.Context(), caller(r), "")
	if err != nil {
		return err
	}
	page, total, err := pageOf(r, named(r, all))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Total        int              `json:"total"`
		Applications []applicationDoc `json:"applications"`
	}{total, each(page, toApplication)})
}

// named keeps the applications whose name has the text of ?query in it, in any
// case, and puts them in the order of ?sortOrder.
func named(r *http.Request, all []control.Application) []control.Application {
	query := strings.ToLower(r.URL.Query().Get("query"))
	all = slices.DeleteFunc(all, func(a control.Application) bool { return !strings.Contains(strings.ToLower(a.Name), query) })
	if r.URL.Query().Get("sortOrder") == "desc" {
		slices.Reverse(all)
	}
	return all
}

// maxApplications is how many a page has at most.
const maxApplications = 1000

// pageOf returns the page that ?offset and ?limit ask for.
func pageOf[T any](r *http.Request, all []T) (page []T, total int, err error) {
	offset, limit := 0, maxApplications
	for name, into := range map[string]*int{"offset": &offset, "limit": &limit} {
		if err := readCount(r.URL.Query(), name, into); err != nil {
			return nil, 0, err
		}
		if *into < 0 || *into > maxApplications && name == "limit" {
			return nil, 0, control.Invalidf(name, "%d is not from 0 to %d", *into, maxApplications)
		}
	}
	from := min(offset, len(all))
	return all[from:min(from+limit, len(all))], len(all), nil
}

// application answers GET /api/admin/metrics/applications/{app}.
func (a *API) application(w http.ResponseWriter, r *http.Request) error {
	app, err := a.service.Application(r.Context(), caller(r), r.PathValue("app"))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toApplication(app))
}

// describeApplication answers POST /api/admin/metrics/applications/{app} with
// 202. What it can evaluate is for the application itself to say.
func (a *API) describeApplication(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Strategies  []string `json:"strategies"` // passed over
		Description string   `json:"description"`
		URL         string   `json:"url"`
		Color       string   `json:"color"`
		Icon        string   `json:"icon"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	card := control.ApplicationCard{Name: r.PathValue("app"), Description: in.Description, URL: in.URL, Color: in.Color, Icon: in.Icon}
	if err := a.service.DescribeApplication(r.Context(), caller(r), card); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// forgetApplication answers DELETE /api/admin/metrics/applications/{app}.
func (a *API) forgetApplication(_ http.ResponseWriter, r *http.Request) error {
	return a.service.ForgetApplication(r.Context(), caller(r), r.PathValue("app"))
}

// applicationEnvironment is Unleash's applicationOverviewEnvironmentSchema.
type applicationEnvironment struct {
	Name          string     `json:"name"`
	InstanceCount int        `json:"instanceCount"`
	SDKs          []string   `json:"sdks"`
	FrontendSDKs  []string   `json:"frontendSdks"`
	BackendSDKs   []string   `json:"backendSdks"`
	LastSeen      *time.Time `json:"lastSeen"`
	Issues        struct {
		MissingFeatures []string `json:"missingFeatures"`
		OutdatedSDKs    []string `json:"outdatedSdks"`
	} `json:"issues"`
}

func toApplicationEnvironment(app control.Application, name string, now time.Time) applicationEnvironment {
	out := applicationEnvironment{Name: name, SDKs: []string{}, FrontendSDKs: []string{}, BackendSDKs: []string{}}
	running := app.Running(name, now)
	out.InstanceCount = len(running)
	for _, i := range running {
		if i.SDK == "" {
			continue
		}
		out.SDKs = append(out.SDKs, i.SDK)
		if i.Frontend {
			out.FrontendSDKs = append(out.FrontendSDKs, i.SDK)
		} else {
			out.BackendSDKs = append(out.BackendSDKs, i.SDK)
		}
	}
	var last time.Time
	for _, i := range app.Instances {
		if i.Environment == name && i.SeenAt.After(last) {
			last = i.SeenAt
		}
	}
	out.LastSeen = seenDoc(last)
	out.Issues.MissingFeatures, out.Issues.OutdatedSDKs = []string{}, []string{}
	for _, u := range app.Unknown {
		if u.Environment == name {
			out.Issues.MissingFeatures = append(out.Issues.MissingFeatures, u.Flag)
		}
	}
	for _, list := range []*[]string{&out.SDKs, &out.FrontendSDKs, &out.BackendSDKs, &out.Issues.MissingFeatures} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return out
}

// applicationOverview answers GET /api/admin/metrics/applications/{app}/overview.
func (a *API) applicationOverview(w http.ResponseWriter, r *http.Request) error {
	app, err := a.service.Application(r.Context(), caller(r), r.PathValue("app"))
	if err != nil {
		return err
	}
	type issues struct {
		MissingStrategies []string `json:"missingStrategies"`
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Projects     []string                 `json:"projects"`
		FeatureCount int                      `json:"featureCount"`
		Environments []applicationEnvironment `json:"environments"`
		Issues       issues                   `json:"issues"`
	}{
		orEmpty(app.Projects), len(app.Flags),
		each(app.Environments(), func(name string) applicationEnvironment { return toApplicationEnvironment(app, name, a.now()) }),
		issues{orEmpty(app.MissingStrategies())},
	})
}

// instanceDoc is one of Unleash's applicationEnvironmentInstancesSchema.
// Addresses of clients are not kept.
type instanceDoc struct {
	InstanceID string    `json:"instanceId"`
	SDKVersion *string   `json:"sdkVersion"`
	ClientIP   *string   `json:"clientIp"`
	LastSeen   time.Time `json:"lastSeen"`
}

// applicationInstances answers GET /api/admin/metrics/instances/{app}/environment/{environment}.
func (a *API) applicationInstances(w http.ResponseWriter, r *http.Request) error {
	app, err := a.service.Application(r.Context(), caller(r), r.PathValue("app"))
	if err != nil && control.KindOf(err) != control.NotFound {
		return err
	}
	running := app.Running(r.PathValue("environment"), a.now())
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Instances []instanceDoc `json:"instances"`
	}{each(running, func(i control.Instance) instanceDoc {
		out := instanceDoc{InstanceID: i.ID, LastSeen: i.SeenAt}
		if i.SDK != "" {
			out.SDKVersion = &i.SDK
		}
		return out
	})})
}

// outdatedSDKs answers which SDKs are too old for this server. None is: each
// version of the wire is served as it asks to be.
func outdatedSDKs(w http.ResponseWriter, _ *http.Request) error {
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		SDKs []string `json:"sdks"`
	}{[]string{}})
}

// projectApplication is Unleash's projectApplicationSchema.
type projectApplication struct {
	Name         string       `json:"name"`
	Environments []string     `json:"environments"`
	Instances    []string     `json:"instances"`
	SDKs         []projectSDK `json:"sdks"`
}

type projectSDK struct {
	Name     string   `json:"name"`
	Versions []string `json:"versions"`
}

// projectApplications answers GET P/applications.
func (a *API) projectApplications(w http.ResponseWriter, r *http.Request) error {
	project := r.PathValue("project")
	if _, err := a.service.ProjectHealth(r.Context(), caller(r), project); err != nil {
		return err
	}
	all, err := a.service.Applications(r.Context(), caller(r), "")
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(app control.Application) bool { return !slices.Contains(app.Projects, project) })
	page, total, err := pageOf(r, named(r, all))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Total        int                  `json:"total"`
		Applications []projectApplication `json:"applications"`
	}{total, each(page, toProjectApplication)})
}

func toProjectApplication(app control.Application) projectApplication {
	out := projectApplication{Name: app.Name, Environments: orEmpty(app.Environments()), Instances: []string{}, SDKs: []projectSDK{}}
	for _, i := range app.Instances {
		out.Instances = append(out.Instances, i.ID)
		name, version, _ := strings.Cut(i.SDK, ":")
		if name == "" {
			continue
		}
		at := slices.IndexFunc(out.SDKs, func(s projectSDK) bool { return s.Name == name })
		if at < 0 {
			at = len(out.SDKs)
			out.SDKs = append(out.SDKs, projectSDK{Name: name, Versions: []string{}})
		}
		if version != "" && !slices.Contains(out.SDKs[at].Versions, version) {
			out.SDKs[at].Versions = append(out.SDKs[at].Versions, version)
		}
	}
	slices.Sort(out.Instances)
	out.Instances = slices.Compact(out.Instances)
	return out
}
