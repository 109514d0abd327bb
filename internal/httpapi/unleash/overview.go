package unleash

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// overviewDoc is Unleash's projectOverviewSchema, as far as it is known here:
// its statistics of activity are left out rather than made up.
type overviewDoc struct {
	Version           int               `json:"version"`
	Name              string            `json:"name"`
	Description       string            `json:"description"`
	Mode              string            `json:"mode"`
	DefaultStickiness string            `json:"defaultStickiness"`
	FeatureLimit      *int              `json:"featureLimit"` // null: without limit
	FeatureNaming     nullableNamingDoc `json:"featureNaming"`
	CreatedAt         time.Time         `json:"createdAt"`

	Members       int                   `json:"members"` // there are no members yet
	TechnicalDebt float64               `json:"technicalDebt"`
	Health        float64               `json:"health"` // what is not debt
	Environments  []overviewEnvironment `json:"environments"`
	Favorite      bool                  `json:"favorite"`
}

// nullableNamingDoc is Unleash's createFeatureNamingPatternSchema as it shows it.
type nullableNamingDoc struct {
	Pattern     *string `json:"pattern"`
	Example     *string `json:"example"`
	Description *string `json:"description"`
}

func toNullableNaming(n *control.Naming) nullableNamingDoc {
	if n == nil {
		return nullableNamingDoc{}
	}
	return nullableNamingDoc{orNull(n.Pattern), orNull(n.Example), orNull(n.Description)}
}

// overviewEnvironment is Unleash's projectEnvironmentSchema.
type overviewEnvironment struct {
	Environment     string              `json:"environment"`
	DefaultStrategy *defaultStrategyDoc `json:"defaultStrategy,omitempty"`
}

type typeCount struct {
	Type  string `json:"type"`
	Count int    `json:"count"`
}

// onboarding is Unleash's onboardingStatusSchema, before an SDK connects.
type onboarding struct {
	Status  string `json:"status"`
	Feature string `json:"feature,omitempty"`
}

func toOverview(h control.ProjectHealth, environments map[string]control.Environment) overviewDoc {
	out := overviewDoc{
		Version: 1, Name: h.Name, Description: h.Description, Mode: cmp.Or(h.Mode, "open"), DefaultStickiness: h.Stickiness,
		FeatureNaming: toNullableNaming(h.Naming), CreatedAt: h.CreatedAt, TechnicalDebt: h.Debt(), Health: 100 - h.Debt(),
	}
	for _, name := range slices.SortedStableFunc(slices.Values(h.Environments), func(a, b string) int {
		return cmp.Compare(environments[a].SortOrder, environments[b].SortOrder)
	}) {
		e := overviewEnvironment{Environment: name}
		if st, ok := h.Strategies[name]; ok {
			e.DefaultStrategy = new(toDefaultStrategy(st))
		}
		out.Environments = append(out.Environments, e)
	}
	return out
}

// toOnboarding says how far a project has come.
func toOnboarding(h control.ProjectHealth) onboarding {
	if len(h.Flags) == 0 {
		return onboarding{Status: "onboarding-started"}
	}
	first := slices.MinFunc(h.Flags, func(a, b control.Flag) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return onboarding{"first-flag-created", first.Name}
}

// overview answers GET P/overview.
func (a *API) overview(w http.ResponseWriter, r *http.Request) error {
	h, l, err := a.health(r)
	if err != nil {
		return err
	}
	out := struct {
		overviewDoc

		LinkTemplates     []linkTemplateDoc `json:"linkTemplates"`
		FeatureTypeCounts []typeCount       `json:"featureTypeCounts"`
		OnboardingStatus  onboarding        `json:"onboardingStatus"`
	}{toOverview(h, l.environments), each(h.LinkTemplates, toLinkTemplate), []typeCount{}, toOnboarding(h)}
	for _, typ := range slices.Sorted(maps.Keys(h.Types)) {
		out.FeatureTypeCounts = append(out.FeatureTypeCounts, typeCount{typ, h.Types[typ]})
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// health reads the project of the path, and what its flags are shown with.
func (a *API) health(r *http.Request) (control.ProjectHealth, lists, error) {
	h, err := a.service.ProjectHealth(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return h, lists{}, err
	}
	l, err := a.lists(r)
	return h, l, err
}

// healthReport answers GET P/health-report and GET P with Unleash's
// healthReportSchema.
func (a *API) healthReport(w http.ResponseWriter, r *http.Request) error {
	h, l, err := a.health(r)
	if err != nil {
		return err
	}
	flags, err := a.service.FlagViews(r.Context(), caller(r), h.ID)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		overviewDoc

		Features              []listedDoc `json:"features"`
		ActiveCount           int         `json:"activeCount"`
		PotentiallyStaleCount int         `json:"potentiallyStaleCount"`
		StaleCount            int         `json:"staleCount"`
	}{
		toOverview(h, l.environments), each(flags, l.toListed),
		len(h.Flags) - h.Stale - h.PotentiallyStale, h.PotentiallyStale, h.Stale,
	})
}
