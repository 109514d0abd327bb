package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// PersonReason names a person and says why.
type PersonReason struct {
	Person string `json:"person" doc:"the id of an account of a person; of a hold also * for everybody"`
	Reason string `json:"reason" doc:"kept for ever: it should name nobody"`
}

// ErasureList is who was erased.
type ErasureList struct {
	Erasures []control.Erasure `json:"erasures"`
}

// HoldList is the legal holds.
type HoldList struct {
	Holds []control.Hold `json:"holds"`
}

// HoldPath is the path of one hold. It is exported for huma, which sets it
// through reflection.
type HoldPath struct {
	Person string `path:"person"`
}

// erasures adds what is done about the personal data that the log binds.
func (a api) erasures(h huma.API) {
	route(a, h, get("/audit/erasures", "listErasures", "List who was erased"),
		func(ctx context.Context, p control.Principal, _ *none) (ErasureList, error) {
			all, err := a.Service.Erasures(ctx, p)
			return ErasureList{all}, err
		})
	route(a, h, create("/audit/erasures", "erasePerson", "Erase a person by destroying their key; it cannot be undone"),
		func(ctx context.Context, p control.Principal, in *body[PersonReason]) (control.Erasure, error) {
			return a.Service.Erase(ctx, p, in.Body.Person, in.Body.Reason)
		})
	route(a, h, get("/audit/holds", "listHolds", "List legal holds"),
		func(ctx context.Context, p control.Principal, _ *none) (HoldList, error) {
			all, err := a.Service.Holds(ctx, p)
			return HoldList{all}, err
		})
	route(a, h, create("/audit/holds", "setHold", "Keep a person from being erased"),
		func(ctx context.Context, p control.Principal, in *body[PersonReason]) (control.Hold, error) {
			return a.Service.SetHold(ctx, p, in.Body.Person, in.Body.Reason)
		})
	route(a, h, remove("/audit/holds/{person}", "releaseHold", "Release a legal hold"),
		func(ctx context.Context, p control.Principal, in *HoldPath) (none, error) {
			return none{}, a.Service.ReleaseHold(ctx, p, in.Person)
		})
}
