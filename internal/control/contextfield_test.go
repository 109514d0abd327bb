package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestContextFieldLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	region := control.ContextField{Name: "region", LegalValues: []control.LegalValue{{Value: "eu"}, {Value: "us"}}}
	edit := func(name string, change func(*control.ContextField)) func() error {
		return func() error { return w.ChangeContextField(ctx, root, name, change) }
	}
	w.leaves(t, []change{
		{"create", func() error {
			_, err := w.CreateContextField(ctx, root, region)
			return err
		}, []string{"context.create"}},
		{"change", edit("region", func(f *control.ContextField) { f.Stickiness = true }), []string{"context.update"}},
		{"the same", edit("region", func(f *control.ContextField) { f.Stickiness = true }), []string{}},
		{"a standard one", edit("userId", func(f *control.ContextField) { f.Description = "Who pays" }), []string{"context.update"}},
	})
	names := []string{}
	for _, f := range must(w.ContextFields(ctx, root))(t) {
		names = append(names, f.Name)
	}
	diff(t, "fields", []string{"region", "userId", "sessionId", "remoteAddress", "environment", "appName", "currentTime"}, names)

	st := rollout("50")
	st.Constraints = []eval.Constraint{{ContextName: "region", Operator: "IN", Values: []string{"eu", "mars"}}}
	_, err := w.AddStrategy(ctx, root, production, st)
	wantErr(t, err, control.Invalid, "strategies[0].constraints[0].values[1]")
	st.Constraints[0] = eval.Constraint{ContextName: "region", Operator: "NUM_EQ", Value: "7"}
	_, err = w.AddStrategy(ctx, root, production, st)
	wantErr(t, err, control.Invalid, "strategies[0].constraints[0].value")
	st.Constraints[0] = eval.Constraint{ContextName: "region", Operator: "REGEX", Value: "^e"}
	must(w.AddStrategy(ctx, root, production, st))(t)

	w.leaves(t, []change{
		{"delete", func() error { return w.DeleteContextField(ctx, root, "region") }, []string{"context.delete"}},
	})
}

func TestContextFieldRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	create := func(f control.ContextField) error {
		_, err := w.CreateContextField(ctx, root, f)
		return err
	}
	value := func(v string) control.ContextField {
		return control.ContextField{Name: "x", LegalValues: []control.LegalValue{{Value: "a"}, {Value: v}}}
	}
	before := w.head(t)
	wantErr(t, create(control.ContextField{}), control.Invalid, "name")
	wantErr(t, create(control.ContextField{Name: "a b"}), control.Invalid, "name")
	wantErr(t, create(control.ContextField{Name: "userId"}), control.Exists, "name")
	wantErr(t, create(value("a")), control.Invalid, "legalValues[1].value")
	wantErr(t, create(value("")), control.Invalid, "legalValues[1].value")
	wantErr(t, w.ValidateContextFieldName(ctx, "appName"), control.Exists, "name")
	wantErr(t, w.DeleteContextField(ctx, root, "appName"), control.Conflict, "")
	wantErr(t, w.DeleteContextField(ctx, root, "moon"), control.NotFound, "")
	wantErr(t, w.ChangeContextField(ctx, root, "moon", func(*control.ContextField) {}), control.NotFound, "")
	_, err := w.CreateContextField(ctx, may(control.Scope{Project: "blue"}, control.PermContextWrite), control.ContextField{Name: "x"})
	wantErr(t, err, control.Denied, "context.write")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
}

// TestFieldOfAProject keeps the legal values of a project's field to its own
// flags and segments.
func TestFieldOfAProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.CreateContextField(t.Context(), root, control.ContextField{Name: "tier", Project: "blue", LegalValues: []control.LegalValue{{Value: "gold"}}}))(t)
	st := rollout("5")
	st.Constraints = []eval.Constraint{{ContextName: "tier", Operator: "IN", Values: []string{"wood"}}}
	_, err := w.AddStrategy(t.Context(), root, production, st)
	wantErr(t, err, control.Invalid, "strategies[0].constraints[0].values[0]")
	_, err = w.CreateSegment(t.Context(), root, control.Segment{Segment: eval.Segment{Name: "s", Constraints: st.Constraints}, Project: "blue"})
	wantErr(t, err, control.Invalid, "constraints[0].values[0]")
	must(w.AddStrategy(t.Context(), root, control.Ref{Project: "default", Flag: "green-flag", Environment: "production"}, st))(t)

	_, err = w.CreateContextField(t.Context(), root, control.ContextField{Name: "tier"})
	wantErr(t, err, control.Exists, "name")
	_, err = w.CreateContextField(t.Context(), root, control.ContextField{Name: "other", Project: "red"})
	wantErr(t, err, control.Invalid, "project")
	check(t, w.ChangeContextField(t.Context(), root, "tier", func(f *control.ContextField) { f.Project = "default" }))
	diff(t, "project", "blue", must(w.ContextField(t.Context(), root, "tier"))(t).Project)
}
