package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestMoveFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	switchedOn(t, w)
	must(w.CreateSegment(t.Context(), root, control.Segment{Segment: eval.Segment{Name: "s"}, Project: "blue"}))(t)
	before := w.servedFlag(t, production)
	from := w.head(t).Size
	mover := granted(
		control.Grant{Permissions: []control.Permission{control.PermFlagUpdate}, Projects: []string{"blue"}, Environments: []string{control.All}},
		control.Grant{Permissions: []control.Permission{control.PermFlagCreate}, Projects: []string{"default"}, Environments: []string{control.All}},
	)
	check(t, w.MoveFlag(t.Context(), mover, "blue", "blue-flag", "default"))
	check(t, w.MoveFlag(t.Context(), root, "default", "blue-flag", "default")) // is there
	records := w.since(t, from)
	diff(t, "records", []string{"flag.move"}, types(records))
	w.accounted(t, records)
	before.Project = "default"
	diff(t, "served", before, w.servedFlag(t, production))
	if _, err := w.Flag(t.Context(), root, "blue", "blue-flag"); control.KindOf(err) != control.NotFound {
		t.Errorf("it is in the old project still: %v", err)
	}
}

func TestMoveFlagRefused(t *testing.T) {
	t.Parallel()
	green := control.Ref{Project: "default", Flag: "green-flag", Environment: "development"}
	tests := []struct {
		name  string
		setUp func(t *testing.T, w *world)
		p     control.Principal
		from  control.Ref
		to    string
		kind  control.Kind
	}{
		{"no such project", nil, root, production, "red", control.Invalid},
		{"no such flag", nil, root, control.Ref{Project: "blue", Flag: "moon"}, "default", control.NotFound},
		{"may not create there", nil, may(blue, control.PermAny), production, "default", control.Denied},
		{"may not update here", nil, may(control.Scope{Project: "default"}, control.PermAny), production, "default", control.Denied},
		{"a release runs", func(t *testing.T, w *world) { w.started(t) }, root, production, "default", control.Conflict},
		{"in the archive", func(t *testing.T, w *world) {
			check(t, w.ArchiveFlags(t.Context(), root, "blue", []string{"blue-flag"}))
		}, root, production, "default", control.Conflict},
		{"configured where the other project is not", func(t *testing.T, w *world) {
			must(w.AddStrategy(t.Context(), root, green, rollout("5")))(t)
		}, root, green, "blue", control.Conflict},
		{"a parent", func(t *testing.T, w *world) {
			must(w.CreateFlag(t.Context(), root, control.Flag{Name: "child", Project: "blue"}))(t)
			check(t, w.SetDependency(t.Context(), root, "blue", "child", eval.Dependency{Feature: "blue-flag"}))
		}, root, production, "default", control.Conflict},
		{"a segment of the project's own", func(t *testing.T, w *world) {
			seg := must(w.CreateSegment(t.Context(), root, control.Segment{Segment: eval.Segment{Name: "s"}, Project: "blue"}))(t)
			st := rollout("5")
			st.Segments = []int{seg.ID}
			must(w.AddStrategy(t.Context(), root, production, st))(t)
		}, root, production, "default", control.Conflict},
		{"a name that does not match", func(t *testing.T, w *world) {
			check(t, w.EditProject(t.Context(), root, "default", control.ProjectEdit{Naming: &control.Naming{Pattern: "green-.*"}}))
		}, root, production, "default", control.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.setUp != nil {
				tt.setUp(t, w)
			}
			before := w.head(t)
			wantErr(t, w.MoveFlag(t.Context(), tt.p, tt.from.Project, tt.from.Flag, tt.to), tt.kind, "")
			if after := w.head(t); after != before {
				t.Errorf("the log grew from %d to %d", before.Size, after.Size)
			}
		})
	}
}
