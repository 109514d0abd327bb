package native

import (
	"context"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// SegmentInput is a segment as it is asked for.
type SegmentInput struct {
	Name        string                   `json:"name"`
	Description string                   `json:"description,omitempty"`
	Project     string                   `json:"project,omitempty" doc:"whose strategies alone may use it; those of all where absent"`
	Constraints []control.ConstraintSpec `json:"constraints"`
}

func (in SegmentInput) segment(id int) control.Segment {
	return control.Segment{
		Segment:     eval.Segment{ID: id, Name: in.Name, Constraints: constraintsOf(in.Constraints)},
		Description: in.Description, Project: in.Project,
	}
}

// SegmentList is a page of segments, by id.
type SegmentList struct {
	Segments []control.Segment `json:"segments"`
	Next
}

// SegmentUse is a strategy that uses a segment.
type SegmentUse struct {
	Project     string `json:"project"`
	Flag        string `json:"flag,omitempty" doc:"absent for the default strategy of a project"`
	Environment string `json:"environment"`
	Strategy    string `json:"strategy" doc:"its id"`
}

// SegmentUses is where a segment is used.
type SegmentUses struct {
	Strategies []SegmentUse `json:"strategies"`
}

// SegmentPath is the path of one segment.
type SegmentPath struct {
	ID int `path:"id"`
}

func (p SegmentPath) entity() control.Entity {
	return control.Entity{Kind: control.KindSegment, Key: strconv.Itoa(p.ID)}
}

type segmentPutRequest struct {
	SegmentPath
	Body SegmentInput
}

var segmentPages = pager[control.Segment]{list: "segments", key: func(s control.Segment) string { return sortable(int64(s.ID)) }}

func (a api) segments(h huma.API) {
	route(a, h, get("/segments", "listSegments", "List segments"),
		func(ctx context.Context, p control.Principal, in *Page) (SegmentList, error) {
			all, err := a.Service.Segments(ctx, p)
			if err != nil {
				return SegmentList{}, err
			}
			part, next, err := segmentPages.cut(*in, all)
			return SegmentList{part, next}, err
		})
	route(a, h, create("/segments", "createSegment", "Create a segment"),
		func(ctx context.Context, p control.Principal, in *body[SegmentInput]) (control.Segment, error) {
			return a.Service.CreateSegment(ctx, p, in.Body.segment(0))
		})
	read(a, h, get("/segments/{id}", "getSegment", "Get a segment"),
		func(ctx context.Context, p control.Principal, in *SegmentPath) (control.Segment, error) {
			return a.Service.Segment(ctx, p, in.ID)
		})
	write(a, h, put("/segments/{id}", "putSegment", "Replace a segment"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *segmentPutRequest) (control.Segment, error) {
			if err := s.UpdateSegment(ctx, p, in.Body.segment(in.ID)); err != nil {
				return control.Segment{}, err
			}
			return s.Segment(ctx, p, in.ID)
		})
	write(a, h, remove("/segments/{id}", "deleteSegment", "Delete a segment that no strategy uses"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *SegmentPath) (none, error) {
			return none{}, s.DeleteSegment(ctx, p, in.ID)
		})
	route(a, h, get("/segments/{id}/strategies", "listSegmentUses", "List the strategies that use a segment"), a.segmentUses)
}

func (a api) segmentUses(ctx context.Context, p control.Principal, in *SegmentPath) (SegmentUses, error) {
	if _, err := a.Service.Segment(ctx, p, in.ID); err != nil {
		return SegmentUses{}, err
	}
	uses, err := a.Service.StrategyUses(ctx, p, func(st control.Strategy) bool { return slices.Contains(st.Segments, in.ID) })
	out := SegmentUses{Strategies: []SegmentUse{}}
	for _, u := range uses {
		out.Strategies = append(out.Strategies, SegmentUse{Project: u.Project, Flag: u.Flag, Environment: u.Environment, Strategy: u.Strategy})
	}
	return out, err
}
