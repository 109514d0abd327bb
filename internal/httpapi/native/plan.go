package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// Plan is a release plan that is kept under a name.
type Plan struct {
	Name      string           `json:"name"`
	Rev       int64            `json:"rev"`
	SHA256    string           `json:"sha256" doc:"of this revision; a release that is started by it keeps it"`
	Document  control.PlanSpec `json:"document" doc:"a ReleasePlan (api/plan.schema.json)"`
	CreatedAt time.Time        `json:"createdAt"`
	CreatedBy string           `json:"createdBy,omitempty"`
}

// PlanList is a page of plans, by name.
type PlanList struct {
	Plans []Plan `json:"plans"`
	Next
}

// PlanPath is the path of one plan.
type PlanPath struct {
	Name string `path:"name"`
}

func (p PlanPath) entity() control.Entity {
	return control.Entity{Kind: control.KindPlan, Key: p.Name}
}

type planPutRequest struct {
	PlanPath
	Body control.PlanSpec
}

var planPages = pager[control.PlanView]{list: "plans", key: func(p control.PlanView) string { return p.Name }}

func (a api) plans(h huma.API) {
	route(a, h, get("/plans", "listPlans", "List release plans"),
		func(ctx context.Context, p control.Principal, in *Page) (PlanList, error) {
			all, err := a.Service.Plans(ctx, p)
			if err != nil {
				return PlanList{}, err
			}
			out := PlanList{Plans: []Plan{}}
			part, next, err := planPages.cut(*in, all)
			out.Next = next
			for _, one := range part {
				out.Plans = append(out.Plans, toPlan(one))
			}
			return out, err
		})
	read(a, h, get("/plans/{name}", "getPlan", "Get a release plan"),
		func(ctx context.Context, p control.Principal, in *PlanPath) (Plan, error) {
			one, err := a.Service.Plan(ctx, p, in.Name)
			return toPlan(one), err
		})
	write(a, h, put("/plans/{name}", "putPlan", "Make or replace a release plan; running releases keep theirs"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *planPutRequest) (Plan, error) {
			one, err := s.PutPlan(ctx, p, in.Name, in.Body)
			return toPlan(one), err
		})
	write(a, h, remove("/plans/{name}", "deletePlan", "Delete a release plan; running releases keep theirs"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *PlanPath) (none, error) {
			return none{}, s.DeletePlan(ctx, p, in.Name)
		})
}

func toPlan(v control.PlanView) Plan {
	return Plan{v.Name, v.Rev, v.SHA256, v.Document, v.CreatedAt, v.CreatedBy}
}
