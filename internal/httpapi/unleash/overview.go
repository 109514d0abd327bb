package unleash

import (
	"maps"
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// overviewDoc is Unleash's projectOverviewSchema, as far as it is known here:
// its statistics of activity are left out rather than made up.
type overviewDoc struct {
	Version int `json:"version"`
	projectDoc

	Members           int                   `json:"members"` // there are no members yet
	TechnicalDebt     float64               `json:"technicalDebt"`
	Health            float64               `json:"health"` // what is not debt
	Environments      []overviewEnvironment `json:"environments"`
	FeatureTypeCounts []typeCount           `json:"featureTypeCounts"`

	OnboardingStatus onboarding `json:"onboardingStatus"`
}

// overviewEnvironment is Unleash's projectEnvironmentSchema.
type overviewEnvironment struct {
	Environment           string       `json:"environment"`
	ChangeRequestsEnabled bool         `json:"changeRequestsEnabled"`
	DefaultStrategy       *strategyDoc `json:"defaultStrategy,omitempty"`
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

func toOverview(h control.ProjectHealth) overviewDoc {
	out := overviewDoc{
		Version: 1, projectDoc: toProject(h.Project), TechnicalDebt: h.Debt(), Health: 100 - h.Debt(),
		FeatureTypeCounts: []typeCount{}, OnboardingStatus: onboarding{Status: "onboarding-started"},
	}
	for _, name := range h.Environments {
		e := overviewEnvironment{Environment: name}
		if st, ok := h.Strategies[name]; ok {
			e.DefaultStrategy = new(toStrategy(st, "", 0))
		}
		out.Environments = append(out.Environments, e)
	}
	for _, typ := range slices.Sorted(maps.Keys(h.Types)) {
		out.FeatureTypeCounts = append(out.FeatureTypeCounts, typeCount{typ, h.Types[typ]})
	}
	if len(h.Flags) > 0 {
		out.OnboardingStatus = onboarding{"first-flag-created", h.Flags[0].Name}
	}
	return out
}

// overview answers GET P/overview.
func (a *API) overview(w http.ResponseWriter, r *http.Request) error {
	h, err := a.service.ProjectHealth(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toOverview(h))
}

// healthReport answers GET P/health-report and GET P with Unleash's
// healthReportSchema.
func (a *API) healthReport(w http.ResponseWriter, r *http.Request) error {
	h, err := a.service.ProjectHealth(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		overviewDoc

		Features              []flagDoc `json:"features"`
		ActiveCount           int       `json:"activeCount"`
		PotentiallyStaleCount int       `json:"potentiallyStaleCount"`
		StaleCount            int       `json:"staleCount"`
	}{toOverview(h), each(h.Flags, toFlag), len(h.Flags) - h.Stale - h.PotentiallyStale, h.PotentiallyStale, h.Stale})
}
