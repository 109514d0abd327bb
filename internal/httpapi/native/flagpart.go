package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TagsInput says which tags are added to a flag and taken from it.
type TagsInput struct {
	Add    []control.Tag `json:"add,omitempty"`
	Remove []control.Tag `json:"remove,omitempty"`
}

type tagsRequest struct {
	FlagPath
	Body TagsInput
}

// LinkInput is a link as it is asked for.
type LinkInput struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
}

type linkAddRequest struct {
	FlagPath
	Body LinkInput
}

// LinkPath is the path of one link of a flag.
type LinkPath struct {
	FlagPath
	ID string `path:"id"`
}

type linkPutRequest struct {
	LinkPath
	Body LinkInput
}

// ParentInput is what a flag asks of a parent.
type ParentInput struct {
	Enabled  *bool    `json:"enabled,omitempty" doc:"whether the parent must be on, as it must where absent, or off"`
	Variants []string `json:"variants,omitempty" doc:"of which the parent must have one; any where absent"`
}

// ParentPath is the path of what a flag asks of one parent.
type ParentPath struct {
	FlagPath
	Parent string `path:"parent"`
}

type parentRequest struct {
	ParentPath
	Body ParentInput
}

// NameList is a list of names.
type NameList struct {
	Names []string `json:"names"`
}

// flagParts adds the operations on what belongs to a flag in every environment.
func (a api) flagParts(h huma.API) {
	write(a, h, post("/flags/{flag}/tags", "tagFlag", "Add and remove tags of a flag"),
		onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *tagsRequest) error {
			return s.TagFlags(ctx, p, project, []string{in.Flag}, in.Body.Add, in.Body.Remove)
		}))
	write(a, h, create("/flags/{flag}/links", "addLink", "Add a link to a flag"),
		onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *linkAddRequest) error {
			return s.SetLink(ctx, p, project, in.Flag, control.Link{URL: in.Body.URL, Title: in.Body.Title})
		}))
	write(a, h, put("/flags/{flag}/links/{id}", "putLink", "Replace a link of a flag"),
		onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *linkPutRequest) error {
			return s.SetLink(ctx, p, project, in.Flag, control.Link{ID: in.ID, URL: in.Body.URL, Title: in.Body.Title})
		}))
	write(a, h, remove("/flags/{flag}/links/{id}", "deleteLink", "Remove a link from a flag"),
		onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *LinkPath) error {
			return s.RemoveLink(ctx, p, project, in.Flag, in.ID)
		}))
	write(a, h, put("/flags/{flag}/parents/{parent}", "putParent", "Make a flag depend on another"),
		onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *parentRequest) error {
			return s.SetDependency(ctx, p, project, in.Flag, eval.Dependency{
				Feature: in.Parent, Enabled: in.Body.Enabled, Variants: in.Body.Variants,
			})
		}))
	write(a, h, remove("/flags/{flag}/parents/{parent}", "deleteParent", "Make a flag depend on another no longer"),
		onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *ParentPath) error {
			return s.RemoveDependency(ctx, p, project, in.Flag, in.Parent)
		}))
	route(a, h, get("/flags/{flag}/parent-options", "listParentOptions", "List the flags that a flag may depend on"),
		func(ctx context.Context, p control.Principal, in *FlagPath) (NameList, error) {
			names, err := a.Service.ParentOptions(ctx, p, "", in.Flag)
			return NameList{names}, err
		})
	route(a, h, get("/flags/{flag}/variant-options", "listVariantOptions", "List the variants of a flag that a child may ask for"),
		func(ctx context.Context, p control.Principal, in *FlagPath) (NameList, error) {
			names, err := a.Service.VariantOptions(ctx, p, "", in.Flag)
			return NameList{append([]string{}, names...)}, err
		})
}
