package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// Batch names flags of a project that are changed together: all or none.
type Batch struct {
	Flags []string `json:"flags" minItems:"1" maxItems:"1000"`
}

// BatchEdit changes flags alike.
type BatchEdit struct {
	Batch
	FlagEdit
}

// BatchTags changes the tags of flags alike.
type BatchTags struct {
	Batch
	TagsInput
}

// BatchToggle switches flags on or off in one environment.
type BatchToggle struct {
	Batch
	Environment string `json:"environment"`
	On          bool   `json:"on"`
	Activate    bool   `json:"activate,omitempty" doc:"enable the disabled strategies of a flag that has no enabled one"`
}

// Obstacles is what stands against archiving flags, or is lost by it.
type Obstacles struct {
	Parents []string `json:"parents" doc:"flags with children that are not archived with them"`
	Freed   bool     `json:"freed" doc:"whether one of the flags would lose its parents"`
}

type batchRequest[B any] struct {
	ProjectPath
	Body B
}

func (a api) batches(h huma.API) {
	const at = "/projects/{project}/flags/"
	for verb, act := range map[string]func(context.Context, control.Principal, string, []string) error{
		"archive": a.Service.ArchiveFlags, "revive": a.Service.ReviveFlags, "delete": a.Service.DeleteFlags,
	} {
		route(a, h, post(at+verb, verb+"Flags", verbs[verb]+": flags of a project, all or none"),
			func(ctx context.Context, p control.Principal, in *batchRequest[Batch]) (none, error) {
				return none{}, act(ctx, p, in.Project, in.Body.Flags)
			})
	}
	route(a, h, post(at+"archive/check", "checkArchiveFlags", "Say what stands against archiving flags"),
		func(ctx context.Context, p control.Principal, in *batchRequest[Batch]) (Obstacles, error) {
			o, err := a.Service.ArchiveObstacles(ctx, p, in.Project, in.Body.Flags)
			return Obstacles(o), err
		})
	route(a, h, post(at+"edit", "editFlags", "Change flags of a project alike, all or none"),
		func(ctx context.Context, p control.Principal, in *batchRequest[BatchEdit]) (none, error) {
			return none{}, a.Service.EditFlags(ctx, p, in.Project, in.Body.Flags, control.FlagEdit(in.Body.FlagEdit))
		})
	route(a, h, post(at+"tag", "tagFlags", "Add and remove tags of flags of a project, all or none"),
		func(ctx context.Context, p control.Principal, in *batchRequest[BatchTags]) (none, error) {
			return none{}, a.Service.TagFlags(ctx, p, in.Project, in.Body.Flags, in.Body.Add, in.Body.Remove)
		})
	route(a, h, post(at+"toggle", "toggleFlags", "Switch flags of a project on or off in one environment, all or none"),
		func(ctx context.Context, p control.Principal, in *batchRequest[BatchToggle]) (none, error) {
			return none{}, a.Service.Toggle(ctx, p, control.Toggle{
				Project: in.Project, Environment: in.Body.Environment, Flags: in.Body.Flags, On: in.Body.On, Activate: in.Body.Activate,
			})
		})
}
