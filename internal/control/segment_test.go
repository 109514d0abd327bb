package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

func users(name string, ids ...string) control.Segment {
	return control.Segment{Segment: eval.Segment{Name: name, Constraints: []eval.Constraint{{ContextName: "userId", Operator: "IN", Values: ids}}}}
}

// inSegment adds a strategy of the blue flag in production that uses a segment.
func (w *world) inSegment(t *testing.T, id int) control.Strategy {
	t.Helper()
	st := rollout("50")
	st.Segments = []int{id}
	return must(w.AddStrategy(t.Context(), root, production, st))(t)
}

func TestSegmentLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	var seg control.Segment
	update := func(change func(*control.Segment)) func() error {
		return func() error {
			change(&seg)
			return w.UpdateSegment(ctx, root, seg)
		}
	}
	w.leaves(t, []change{
		{"create", func() (err error) {
			seg, err = w.CreateSegment(ctx, root, users("staff", "1"))
			return err
		}, []string{"segment.create"}},
		{"describe", update(func(s *control.Segment) { s.Description = "All who work here" }), []string{"segment.update"}},
		{"for one project", update(func(s *control.Segment) { s.Project = "blue" }), []string{"segment.update"}},
		{"the same", update(func(*control.Segment) {}), []string{}},
		{"delete", func() error { return w.DeleteSegment(ctx, root, seg.ID) }, []string{"segment.delete"}},
	})
	again := must(w.CreateSegment(ctx, root, users("staff", "1")))(t)
	if again.ID == seg.ID {
		t.Errorf("id %d is used again: a restored strategy would find another segment", seg.ID)
	}
}

// TestSegmentReachesClients follows a segment's change and end to what clients
// are sent.
func TestSegmentReachesClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	seg := must(w.CreateSegment(ctx, root, users("staff", "1")))(t)
	from := w.head(t).Size
	seg.Constraints[0].Values = []string{"1", "2"}
	seg.Description = "not for clients"
	check(t, w.UpdateSegment(ctx, root, seg))
	next, by, err := w.Updates(ctx, from, []string{"production"})
	check(t, err)
	diff(t, "update", `[{"id":1,"name":"staff","constraints":[{"contextName":"userId","operator":"IN","values":["1","2"]}]}]`, text(t, by["production"].Segments))
	check(t, w.DeleteSegment(ctx, root, seg.ID))
	_, by, err = w.Updates(ctx, next, []string{"production"})
	check(t, err)
	diff(t, "dropped", []int{seg.ID}, by["production"].Dropped)
}

func TestSegmentInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	seg := must(w.CreateSegment(ctx, root, users("staff", "1")))(t)
	st := w.inSegment(t, seg.ID)
	must(w.SetDefaultStrategy(ctx, root, "blue", "production", control.Strategy{Strategy: eval.Strategy{Name: "default", Segments: []int{seg.ID}}}))(t)

	uses := must(w.StrategyUses(ctx, root, func(control.Strategy) bool { return true }))(t)
	diff(t, "uses", []control.StrategyUse{
		{Ref: production, Strategy: st.ID, Name: "flexibleRollout", Segments: []int{seg.ID}},
		{Ref: control.Ref{Project: "blue", Environment: "production"}, Name: "default", Segments: []int{seg.ID}},
	}, uses)
	wantErr(t, w.DeleteSegment(ctx, root, seg.ID), control.Conflict, "")
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"}))
	wantErr(t, w.DeleteSegment(ctx, root, seg.ID), control.Conflict, "")
	check(t, w.ReviveFlags(ctx, root, "blue", []string{"blue-flag"}))

	moved := seg
	moved.Project = "default"
	wantErr(t, w.UpdateSegment(ctx, root, moved), control.Invalid, "project")

	w.started(t)
	seg.Constraints[0].Values = []string{"2"}
	wantErr(t, w.UpdateSegment(ctx, root, seg), control.Conflict, "")
}

func TestSegmentRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	seg := must(w.CreateSegment(ctx, root, users("staff", "1")))(t)
	must(w.CreateSegment(ctx, root, users("beta", "1")))(t)
	only := users("only", "1")
	only.Project = "default"
	only = must(w.CreateSegment(ctx, root, only))(t)
	before := w.head(t)

	seg.Name = "beta"
	wantErr(t, w.UpdateSegment(ctx, root, seg), control.Exists, "name")
	wantErr(t, w.ValidateSegmentName(ctx, "beta"), control.Exists, "name")
	check(t, w.ValidateSegmentName(ctx, "gamma"))
	nowhere := users("x", "1")
	nowhere.Project = "red"
	_, err := w.CreateSegment(ctx, root, nowhere)
	wantErr(t, err, control.Invalid, "project")
	foreign := rollout("50")
	foreign.Segments = []int{only.ID}
	_, err = w.AddStrategy(ctx, root, production, foreign)
	wantErr(t, err, control.Invalid, "strategies[0].segments[0]")
	many := rollout("50")
	many.Segments = []int{1, 1, 1, 1, 1, 1}
	_, err = w.AddStrategy(ctx, root, production, many)
	wantErr(t, err, control.Invalid, "strategies[0].segments")
	wantErr(t, w.DeleteSegment(ctx, may(control.Scope{Project: "default"}, control.PermSegmentWrite), 1), control.Denied, "segment.write")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
}
