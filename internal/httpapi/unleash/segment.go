package unleash

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routeSegments adds segments, and constraints by themselves.
func (a *API) routeSegments(mux *http.ServeMux) {
	const segments = adminPath + "/segments"
	a.addAdmin(mux, routes{
		"POST " + adminPath + "/constraints/validate": a.validateConstraint,
		"GET " + segments:                   a.segments,
		"POST " + segments:                  a.createSegment,
		"POST " + segments + "/validate":    a.validateSegment,
		"POST " + segments + "/strategies":  a.setStrategySegments,
		"GET " + segments + "/{segment}":    a.segment,
		"PUT " + segments + "/{segment}":    a.updateSegment,
		"DELETE " + segments + "/{segment}": a.deleteSegment,
		"GET " + segments + "/{a}/{b}":      a.segmentUse,
	})
}

// segmentDoc is Unleash's adminSegmentSchema.
type segmentDoc struct {
	ID          int             `json:"id"`
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Constraints []constraintDoc `json:"constraints"`
	Project     string          `json:"project,omitempty"`
	CreatedBy   string          `json:"createdBy"`
	CreatedAt   time.Time       `json:"createdAt"`
}

// listedSegmentDoc is a segment in the list of them, with how many use it.
type listedSegmentDoc struct {
	segmentDoc

	UsedInFeatures int `json:"usedInFeatures"`
	UsedInProjects int `json:"usedInProjects"`
}

func toSegment(s control.Segment) segmentDoc {
	return segmentDoc{
		ID: s.ID, Name: s.Name, Description: orNull(s.Description), Constraints: each(s.Constraints, toConstraint),
		Project: s.Project, CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt,
	}
}

// toListedSegment shows a segment with the strategies that use it.
func toListedSegment(s control.Segment, uses []control.StrategyUse) listedSegmentDoc {
	flags, projects := map[string]bool{}, map[string]bool{}
	for _, u := range uses {
		flags[u.Flag], projects[u.Project] = true, true
	}
	return listedSegmentDoc{segmentDoc: toSegment(s), UsedInFeatures: len(flags), UsedInProjects: len(projects)}
}

// segments answers GET /api/admin/segments.
func (a *API) segments(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Segments(r.Context(), caller(r))
	if err != nil {
		return err
	}
	used, err := a.service.StrategyUses(r.Context(), caller(r), func(st control.Strategy) bool { return len(st.Segments) > 0 })
	if err != nil {
		return err
	}
	uses := map[int][]control.StrategyUse{}
	for _, u := range used {
		for _, id := range u.Segments {
			uses[id] = append(uses[id], u)
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Segments []listedSegmentDoc `json:"segments"`
	}{each(all, func(s control.Segment) listedSegmentDoc { return toListedSegment(s, uses[s.ID]) })})
}

func (a *API) usesOfSegment(r *http.Request, id int) ([]control.StrategyUse, error) {
	return a.service.StrategyUses(r.Context(), caller(r), func(st control.Strategy) bool { return slices.Contains(st.Segments, id) })
}

// segmentIn is Unleash's upsertSegmentSchema.
type segmentIn struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Project     string          `json:"project"`
	Constraints []constraintDoc `json:"constraints"`
}

// readSegment refuses a segment that leaves out its constraints. One may have
// none, and is then of everybody: that has to be said.
func readSegment(w http.ResponseWriter, r *http.Request, in *segmentIn) error {
	if err := httpapi.AdminBody.Decode(w, r, in); err != nil {
		return err
	}
	if in.Constraints == nil {
		return control.Invalidf("constraints", "is missing; [] is a segment of everybody")
	}
	return nil
}

func (in segmentIn) segment(id int) control.Segment {
	return control.Segment{Segment: eval.Segment{ID: id, Name: in.Name, Constraints: each(in.Constraints, fromConstraint)}, Description: in.Description, Project: in.Project}
}

// createSegment answers POST /api/admin/segments.
func (a *API) createSegment(w http.ResponseWriter, r *http.Request) error {
	var in segmentIn
	if err := readSegment(w, r, &in); err != nil {
		return err
	}
	seg, err := a.service.CreateSegment(r.Context(), caller(r), in.segment(0))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "segments/"+strconv.Itoa(seg.ID))
	return httpapi.WriteJSON(w, http.StatusCreated, toSegment(seg))
}

// segment answers GET /api/admin/segments/{segment}.
func (a *API) segment(w http.ResponseWriter, r *http.Request) error {
	id, err := segmentID(r.PathValue("segment"))
	if err != nil {
		return err
	}
	seg, err := a.service.Segment(r.Context(), caller(r), id)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toSegment(seg))
}

// segmentID reads the id of a segment in a path.
func segmentID(s string) (int, error) {
	id, err := strconv.Atoi(s)
	if err != nil {
		return 0, control.Invalidf("id", "%q is not the id of a segment, which is a number", s)
	}
	return id, nil
}

// updateSegment answers PUT /api/admin/segments/{segment} with 204.
func (a *API) updateSegment(w http.ResponseWriter, r *http.Request) error {
	id, err := segmentID(r.PathValue("segment"))
	if err != nil {
		return err
	}
	var in segmentIn
	if err := readSegment(w, r, &in); err != nil {
		return err
	}
	if err := a.service.UpdateSegment(r.Context(), caller(r), in.segment(id)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteSegment answers DELETE /api/admin/segments/{segment} with 204, and with
// 409 where a strategy uses it.
func (a *API) deleteSegment(w http.ResponseWriter, r *http.Request) error {
	id, err := segmentID(r.PathValue("segment"))
	if err != nil {
		return err
	}
	if err := a.service.DeleteSegment(r.Context(), caller(r), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// validateSegment answers POST /api/admin/segments/validate: 204 where the name
// is free, 409 where it is not.
func (a *API) validateSegment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if err := a.service.ValidateSegmentName(r.Context(), in.Name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// validateConstraint answers POST /api/admin/constraints/validate: 204 where a
// constraint can be saved, and 400 with the field and the reason where not.
func (a *API) validateConstraint(w http.ResponseWriter, r *http.Request) error {
	var in constraintDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if err := a.service.ValidateConstraint(r.Context(), fromConstraint(in)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
