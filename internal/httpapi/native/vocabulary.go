package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// FieldInput is what is said about a context field.
type FieldInput struct {
	Description string               `json:"description,omitempty"`
	Stickiness  bool                 `json:"stickiness,omitempty" doc:"may decide who is in a rollout"`
	SortOrder   int                  `json:"sortOrder,omitempty"`
	LegalValues []control.LegalValue `json:"legalValues,omitempty" doc:"any value where absent"`
}

func (in FieldInput) change(f *control.ContextField) {
	f.Description, f.Stickiness, f.SortOrder, f.LegalValues = in.Description, in.Stickiness, in.SortOrder, in.LegalValues
}

// NewField asks for a context field.
type NewField struct {
	Name string `json:"name"`
	FieldInput
}

// FieldList is a page of context fields, in their order.
type FieldList struct {
	Fields []control.ContextField `json:"fields"`
	Next
}

// TagTypeInput is what is said about a type of tag.
type TagTypeInput struct {
	Description string `json:"description,omitempty"`
	Icon        string `json:"icon,omitempty"`
	Color       string `json:"color,omitempty" doc:"#rrggbb"`
}

func (in TagTypeInput) tagType(name string) control.TagType {
	return control.TagType{Name: name, Description: in.Description, Icon: in.Icon, Color: in.Color}
}

// NewTagType asks for a type of tag.
type NewTagType struct {
	Name string `json:"name"`
	TagTypeInput
}

// TagTypeList is a page of types of tags, by name.
type TagTypeList struct {
	TagTypes []control.TagType `json:"tagTypes"`
	Next
}

// FlagTypeList is the types of flags.
type FlagTypeList struct {
	FlagTypes []control.FlagType `json:"flagTypes"`
}

// LifetimeInput is how long a flag of a type is expected to be needed.
type LifetimeInput struct {
	LifetimeDays *int `json:"lifetimeDays,omitempty" doc:"for ever where absent"`
}

// FieldPath is the path of one context field.
type FieldPath struct {
	Name string `path:"name"`
}

func (p FieldPath) entity() control.Entity {
	return control.Entity{Kind: control.KindContextField, Key: p.Name}
}

// TagTypePath is the path of one type of tag.
type TagTypePath struct {
	Name string `path:"name"`
}

func (p TagTypePath) entity() control.Entity {
	return control.Entity{Kind: control.KindTagType, Key: p.Name}
}

// FlagTypePath is the path of one type of flag.
type FlagTypePath struct {
	ID string `path:"id"`
}

func (p FlagTypePath) entity() control.Entity {
	return control.Entity{Kind: control.KindFlagType, Key: p.ID}
}

type fieldPutRequest struct {
	FieldPath
	Body FieldInput
}

type tagTypePutRequest struct {
	TagTypePath
	Body TagTypeInput
}

type lifetimeRequest struct {
	FlagTypePath
	Body LifetimeInput
}

var (
	fieldPages = pager[control.ContextField]{
		list: "fields", key: func(f control.ContextField) string { return sortable(int64(f.SortOrder)) + f.Name },
	}
	tagTypePages = pager[control.TagType]{list: "tagTypes", key: func(t control.TagType) string { return t.Name }}
)

// vocabulary adds the operations on what flags and strategies are described
// with.
func (a api) vocabulary(h huma.API) {
	a.contextFields(h)
	a.tagTypes(h)
	route(a, h, get("/flag-types", "listFlagTypes", "List the types of flags"),
		func(ctx context.Context, _ control.Principal, _ *none) (FlagTypeList, error) {
			all, err := a.Service.FlagTypes(ctx)
			return FlagTypeList{all}, err
		})
	write(a, h, put("/flag-types/{id}", "putFlagType", "Say how long a flag of a type is expected to be needed"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *lifetimeRequest) (control.FlagType, error) {
			return s.SetLifetime(ctx, p, in.ID, in.Body.LifetimeDays)
		})
	route(a, h, post("/constraints/validate", "validateConstraint", "Say whether a constraint can be saved"),
		func(ctx context.Context, _ control.Principal, in *body[control.ConstraintSpec]) (none, error) {
			return none{}, a.Service.ValidateConstraint(ctx, eval.Constraint(in.Body))
		})
}

func (a api) contextFields(h huma.API) {
	route(a, h, get("/context-fields", "listContextFields", "List the fields of the context"),
		func(ctx context.Context, p control.Principal, in *Page) (FieldList, error) {
			all, err := a.Service.ContextFields(ctx, p)
			if err != nil {
				return FieldList{}, err
			}
			part, next, err := fieldPages.cut(*in, all)
			return FieldList{part, next}, err
		})
	route(a, h, create("/context-fields", "createContextField", "Create a field of the context"),
		func(ctx context.Context, p control.Principal, in *body[NewField]) (control.ContextField, error) {
			f := control.ContextField{Name: in.Body.Name}
			in.Body.change(&f)
			return a.Service.CreateContextField(ctx, p, f)
		})
	read(a, h, get("/context-fields/{name}", "getContextField", "Get a field of the context"),
		func(ctx context.Context, p control.Principal, in *FieldPath) (control.ContextField, error) {
			return a.Service.ContextField(ctx, p, in.Name)
		})
	write(a, h, put("/context-fields/{name}", "putContextField", "Replace what is said about a field of the context"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *fieldPutRequest) (control.ContextField, error) {
			if err := s.ChangeContextField(ctx, p, in.Name, in.Body.change); err != nil {
				return control.ContextField{}, err
			}
			return s.ContextField(ctx, p, in.Name)
		})
	write(a, h, remove("/context-fields/{name}", "deleteContextField", "Delete a field of the context"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *FieldPath) (none, error) {
			return none{}, s.DeleteContextField(ctx, p, in.Name)
		})
}

func (a api) tagTypes(h huma.API) {
	route(a, h, get("/tag-types", "listTagTypes", "List the types of tags"),
		func(ctx context.Context, p control.Principal, in *Page) (TagTypeList, error) {
			all, err := a.Service.TagTypes(ctx, p)
			if err != nil {
				return TagTypeList{}, err
			}
			part, next, err := tagTypePages.cut(*in, all)
			return TagTypeList{part, next}, err
		})
	route(a, h, create("/tag-types", "createTagType", "Create a type of tag"),
		func(ctx context.Context, p control.Principal, in *body[NewTagType]) (control.TagType, error) {
			t := in.Body.tagType(in.Body.Name)
			return t, a.Service.CreateTagType(ctx, p, t)
		})
	write(a, h, put("/tag-types/{name}", "putTagType", "Replace what is said about a type of tag"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *tagTypePutRequest) (control.TagType, error) {
			t := in.Body.tagType(in.Name)
			return t, s.UpdateTagType(ctx, p, t)
		})
	write(a, h, remove("/tag-types/{name}", "deleteTagType", "Delete a type that no flag has a tag of"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *TagTypePath) (none, error) {
			return none{}, s.DeleteTagType(ctx, p, in.Name)
		})
}
