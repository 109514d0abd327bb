package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// useDoc is one strategy in Unleash's segmentStrategiesSchema and
// contextFieldStrategiesSchema.
type useDoc struct {
	ID           string `json:"id"`
	FeatureName  string `json:"featureName"`
	ProjectID    string `json:"projectId"`
	Environment  string `json:"environment"`
	StrategyName string `json:"strategyName"`
}

func toUse(u control.StrategyUse) useDoc {
	return useDoc{ID: u.Strategy, FeatureName: u.Flag, ProjectID: u.Project, Environment: u.Environment, StrategyName: u.Name}
}

// segmentUse answers GET /api/admin/segments/{id}/strategies, and
// GET /api/admin/segments/strategies/{strategy}, which cannot be two routes.
func (a *API) segmentUse(w http.ResponseWriter, r *http.Request) error {
	first, second := r.PathValue("a"), r.PathValue("b")
	switch "strategies" {
	case first:
		return a.segmentsOfStrategy(w, r, second)
	case second:
		return a.strategiesOfSegment(w, r, first)
	}
	return noSuchPath(w, r)
}

func (a *API) strategiesOfSegment(w http.ResponseWriter, r *http.Request, segment string) error {
	id, err := segmentID(segment)
	if err != nil {
		return err
	}
	if _, err := a.service.Segment(r.Context(), caller(r), id); err != nil {
		return err
	}
	uses, err := a.usesOfSegment(r, id)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Strategies              []useDoc `json:"strategies"`
		ChangeRequestStrategies []useDoc `json:"changeRequestStrategies"`
	}{each(uses, toUse), []useDoc{}})
}

func (a *API) segmentsOfStrategy(w http.ResponseWriter, r *http.Request, strategy string) error {
	_, st, err := a.service.StrategyPlace(r.Context(), caller(r), strategy)
	if err != nil {
		return err
	}
	out := []segmentDoc{}
	for _, id := range st.Segments {
		seg, err := a.service.Segment(r.Context(), caller(r), id)
		if err != nil {
			return err
		}
		out = append(out, toSegment(seg))
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Segments []segmentDoc `json:"segments"`
	}{out})
}

// strategySegmentsDoc is Unleash's updateFeatureStrategySegmentsSchema.
type strategySegmentsDoc struct {
	ProjectID     string `json:"projectId"`
	StrategyID    string `json:"strategyId"`
	EnvironmentID string `json:"environmentId"`
	SegmentIDs    []int  `json:"segmentIds"`
}

// setStrategySegments answers POST /api/admin/segments/strategies.
func (a *API) setStrategySegments(w http.ResponseWriter, r *http.Request) error {
	var in strategySegmentsDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	at, st, err := a.service.StrategyPlace(r.Context(), caller(r), in.StrategyID)
	if err != nil {
		return err
	}
	if at.Project != in.ProjectID || at.Environment != in.EnvironmentID {
		return control.Errorf(control.NotFound, "not_found", "strategy %q is not in project %q, environment %q", in.StrategyID, in.ProjectID, in.EnvironmentID)
	}
	st.Segments = in.SegmentIDs
	if _, err := a.service.UpdateStrategy(r.Context(), caller(r), at, st); err != nil {
		return refield(err, inBody)
	}
	w.Header().Set("Location", "strategies/"+in.StrategyID)
	return httpapi.WriteJSON(w, http.StatusCreated, strategySegmentsDoc{in.ProjectID, in.StrategyID, in.EnvironmentID, orEmpty(in.SegmentIDs)})
}
