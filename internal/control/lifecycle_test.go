package control_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
)

// stagesOf returns the names of the stages that the blue flag went through.
func (w *world) stagesOf(t testing.TB) []control.Stage {
	t.Helper()
	var out []control.Stage
	for _, e := range must(w.FlagLifecycle(t.Context(), root, "blue", "blue-flag"))(t) {
		out = append(out, e.Stage)
	}
	return out
}

func (w *world) witness(t testing.TB, environments ...string) {
	t.Helper()
	var seen []control.Sighting
	for _, env := range environments {
		seen = append(seen, control.Sighting{Flag: "blue-flag", Environment: env}, control.Sighting{Flag: "no-flag", Environment: env})
	}
	check(t, w.Witness(t.Context(), seen))
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	from := w.head(t).Size
	step := func(doing string, records []string, act func(), stages ...control.Stage) {
		t.Helper()
		w.pass(time.Minute)
		act()
		diff(t, "stages after "+doing, stages, w.stagesOf(t))
		got := w.since(t, from)
		diff(t, "records of "+doing, records, types(got))
		w.accounted(t, got)
		from += int64(len(got))
	}
	const initial, preLive, live, completed, archived = control.StageInitial, control.StagePreLive, control.StageLive, control.StageCompleted, control.StageArchived
	moved := []string{"flag.lifecycle.enter"}
	none := []string{}
	step("nothing", none, func() { w.witness(t) }, initial)
	step("use where it is off", moved, func() { w.witness(t, "production", "nowhere") }, initial, preLive)
	step("more of it", none, func() { w.witness(t, "production") }, initial, preLive)
	step("switching on", []string{"flag.env.enable"}, func() { must(w.SetEnabled(ctx, root, production, true))(t) }, initial, preLive)
	step("use in development", none, func() { w.witness(t, "development") }, initial, preLive)
	step("use where it is on", moved, func() { w.witness(t, "development", "production") }, initial, preLive, live)
	step("completion", []string{"flag.complete"}, func() {
		check(t, w.CompleteFlag(ctx, root, "blue", "blue-flag", control.Completion{Status: control.Kept, Variant: "b"}))
	}, initial, preLive, live, completed)
	step("the same again", none, func() {
		check(t, w.CompleteFlag(ctx, root, "blue", "blue-flag", control.Completion{Status: control.Kept, Variant: "b"}))
	}, initial, preLive, live, completed)
	step("another mind", []string{"flag.uncomplete"}, func() { check(t, w.UncompleteFlag(ctx, root, "blue", "blue-flag")) }, initial, preLive, live)
	step("the same mind", none, func() { check(t, w.UncompleteFlag(ctx, root, "blue", "blue-flag")) }, initial, preLive, live)
	step("the archive", []string{"flag.archive"}, func() { check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"})) },
		initial, preLive, live, archived)
	step("use after it", none, func() { w.witness(t, "production") }, initial, preLive, live, archived)
	step("its end", []string{"flag.restore", "flag.env.disable"}, func() { check(t, w.ReviveFlags(ctx, root, "blue", []string{"blue-flag"})) }, initial)
	entered := must(w.FlagLifecycle(ctx, root, "blue", "blue-flag"))(t)[0].EnteredAt
	diff(t, "begin of the new life", w.now(), entered)
	step("use in it", moved, func() { w.witness(t, "development") }, initial, preLive)

	// A flag of the same name, later, has a life of its own.
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"}))
	check(t, w.DeleteFlags(ctx, root, "blue", []string{"blue-flag"}))
	w.pass(time.Minute)
	must(w.CreateFlag(ctx, root, control.Flag{Name: "blue-flag", Project: "blue"}))(t)
	diff(t, "stages of its successor", []control.Stage{initial}, w.stagesOf(t))
}

// TestLifecycleAtOnce lets a flag be seen first where it is on in production.
func TestLifecycleAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.SetEnabled(t.Context(), root, production, true))(t)
	w.pass(time.Minute)
	w.witness(t, "production")
	diff(t, "stages", []control.StageEntry{
		{Stage: control.StageInitial, EnteredAt: begin},
		{Stage: control.StagePreLive, EnteredAt: begin.Add(time.Minute)},
		{Stage: control.StageLive, EnteredAt: begin.Add(time.Minute)},
	}, must(w.FlagLifecycle(t.Context(), root, "blue", "blue-flag"))(t))
}

func TestLifecycleRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	before := w.head(t)
	complete := func(p control.Principal, project, flag string, as control.Completion) error {
		return w.CompleteFlag(ctx, p, project, flag, as)
	}
	kept := control.Completion{Status: control.Kept}
	wantErr(t, complete(root, "blue", "blue-flag", control.Completion{}), control.Invalid, "status")
	wantErr(t, complete(root, "blue", "blue-flag", control.Completion{Status: control.Discarded, Variant: "b"}), control.Invalid, "statusValue")
	wantErr(t, complete(root, "blue", "green-flag", kept), control.NotFound, "")
	reader := may(control.Scope{}, control.PermRead)
	wantErr(t, complete(reader, "blue", "blue-flag", kept), control.Denied, "")
	wantErr(t, w.UncompleteFlag(ctx, reader, "blue", "blue-flag"), control.Denied, "")
	_, err := w.FlagLifecycle(ctx, may(control.Scope{Project: "default"}, control.PermRead), "blue", "blue-flag")
	wantErr(t, err, control.NotFound, "flag")
	diff(t, "log", before, w.head(t))
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"}))
	wantErr(t, complete(root, "blue", "blue-flag", kept), control.Conflict, "")
}

// TestLifecycleProperty does things to a flag in any order, with a clock that
// may go back: no stage is left for an earlier one but by those who may say so,
// and what was entered when is in order.
func TestLifecycleProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		flag := control.Flag{Name: "f", CreatedAt: begin}
		life := control.NewLife(flag)
		now := begin
		rank := 0
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-5, 30).Draw(rt, "minutes")) * time.Minute)
			back := false
			switch rapid.SampledFrom([]string{"seen", "live", "complete", "uncomplete", "archive", "revive"}).Draw(rt, "act") {
			case "seen":
				life = life.Witness(now, false)
			case "live":
				life = life.Witness(now, true)
			case "complete":
				life = life.Complete(now, control.Completion{Status: control.Kept})
			case "uncomplete":
				life, back = life.Uncomplete(), true
			case "archive":
				flag.ArchivedAt = new(now)
			case "revive":
				if flag.ArchivedAt != nil && now.After(*flag.ArchivedAt) {
					flag.ArchivedAt, flag.RevivedAt, back = nil, new(now), true
					life = life.Of(flag)
				}
			}
			stages := life.Stages(flag)
			last := stages[len(stages)-1]
			if r := slices.Index(control.Stages, last.Stage); r < rank && !back {
				rt.Fatalf("%v after rank %d", stages, rank)
			} else {
				rank = r
			}
			if !slices.IsSortedFunc(stages, func(a, b control.StageEntry) int { return a.EnteredAt.Compare(b.EnteredAt) }) {
				rt.Fatalf("times fall: %v", stages)
			}
			if !slices.IsSortedFunc(stages, func(a, b control.StageEntry) int {
				return slices.Index(control.Stages, a.Stage) - slices.Index(control.Stages, b.Stage)
			}) || stages[0].Stage != control.StageInitial {
				rt.Fatalf("not in order: %v", stages)
			}
		}
	})
}
