package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestCreateProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct{ in, want control.Project }{
		"by default": {
			control.Project{ID: "red"},
			control.Project{ID: "red", Name: "red", Environments: []string{"development", "production"}, Stickiness: "default", CreatedAt: begin},
		},
		"each environment once": {
			control.Project{ID: "black", Name: "Black", Environments: []string{"production", "production"}, Stickiness: "userId"},
			control.Project{ID: "black", Name: "Black", Environments: []string{"production"}, Stickiness: "userId", CreatedAt: begin},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diff(t, "project", tc.want, must(w.CreateProject(t.Context(), root, tc.in))(t))
		})
	}
}

func TestNamesAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := make([]byte, 101)
	for i := range long {
		long[i] = 'a'
	}
	for _, name := range []string{"", "a b", "a/b", "*", "ä", ".", "..", "a\n", "[]", string(long)} {
		_, err := w.CreateProject(t.Context(), root, control.Project{ID: name})
		wantErr(t, err, control.Invalid, "id")
		_, err = w.CreateEnvironment(t.Context(), root, control.Environment{Name: name, Type: "test"})
		wantErr(t, err, control.Invalid, "name")
		_, err = w.CreateFlag(t.Context(), root, control.Flag{Name: name, Project: "blue"})
		wantErr(t, err, control.Invalid, "name")
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(w.CreateSegment(ctx, root, control.Segment{Segment: eval.Segment{Name: "beta"}}))(t)
	for name, tc := range map[string]struct {
		do    func() error
		kind  control.Kind
		field string
	}{
		"a project that is there": {func() error { _, err := w.CreateProject(ctx, root, control.Project{ID: "blue"}); return err }, control.Exists, "id"},
		"a project's environment": {func() error {
			_, err := w.CreateProject(ctx, root, control.Project{ID: "x", Environments: []string{"production", "moon"}})
			return err
		}, control.Invalid, "environments[1]"},
		"an environment that is": {func() error {
			_, err := w.CreateEnvironment(ctx, root, control.Environment{Name: "production", Type: "x"})
			return err
		}, control.Exists, "name"},
		"an environment without type": {func() error { _, err := w.CreateEnvironment(ctx, root, control.Environment{Name: "moon"}); return err }, control.Invalid, "type"},
		"a flag that is there": {func() error {
			_, err := w.CreateFlag(ctx, root, control.Flag{Name: "green-flag", Project: "blue"})
			return err
		}, control.Exists, "name"},
		"a flag of no project": {func() error { _, err := w.CreateFlag(ctx, root, control.Flag{Name: "x", Project: "red"}); return err }, control.NotFound, "project"},
		"a flag of another type": {func() error {
			_, err := w.CreateFlag(ctx, root, control.Flag{Name: "x", Project: "blue", Type: "big"})
			return err
		}, control.Invalid, "type"},
		"a segment without name": {func() error {
			_, err := w.CreateSegment(ctx, root, control.Segment{Segment: eval.Segment{}})
			return err
		}, control.Invalid, "name"},
		"a segment that is there": {func() error {
			_, err := w.CreateSegment(ctx, root, control.Segment{Segment: eval.Segment{Name: "beta"}})
			return err
		}, control.Exists, "name"},
		"a segment that never holds": {func() error {
			_, err := w.CreateSegment(ctx, root, control.Segment{Segment: eval.Segment{Name: "x", Constraints: []eval.Constraint{{ContextName: "userId", Operator: "NUM_GT", Value: "many"}}}})
			return err
		}, control.Invalid, "constraints[0].value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantErr(t, tc.do(), tc.kind, tc.field)
		})
	}
}

func TestEnvironmentsAreSorted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.CreateEnvironment(t.Context(), root, control.Environment{Name: "a-last", Type: "test", SortOrder: 9}))(t)
	must(w.CreateEnvironment(t.Context(), root, control.Environment{Name: "z-first", Type: "test"}))(t)
	var got []string
	for _, e := range must(w.Environments(t.Context(), root))(t) {
		got = append(got, e.Name)
	}
	diff(t, "environments", []string{"z-first", "development", "production", "a-last"}, got)
}

func TestSegments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	given := []eval.Constraint{{ContextName: "userId", Operator: "NUM_GT", Value: "5"}}
	first := must(w.CreateSegment(t.Context(), root, control.Segment{Segment: eval.Segment{Name: "none"}}))(t)
	second := must(w.CreateSegment(t.Context(), root, control.Segment{Segment: eval.Segment{Name: "users", Constraints: given}}))(t)
	if first.ID != 1 || second.ID != 2 {
		t.Errorf("ids %d and %d, want 1 and 2", first.ID, second.ID)
	}
	if given[0].Values != nil {
		t.Error("the caller's constraints were changed")
	}
	diff(t, "on the wire",
		`[{"id":1,"name":"none","constraints":[]},{"id":2,"name":"users","constraints":[{"contextName":"userId","operator":"NUM_GT","values":[],"value":"5"}]}]`,
		text(t, must(w.Served(t.Context(), "production"))(t).Segments))
}
