package control_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestServedHasNoNull reads what clients are sent: where they expect a list
// there is one.
func TestServedHasNoNull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	served := func() string { return text(t, must(w.Served(t.Context(), "production"))(t)) }
	want := func(when, part string) {
		t.Helper()
		if got := served(); !strings.Contains(got, part) || strings.Contains(got, "null") {
			t.Errorf("%s: %s, want %s and no null", when, got, part)
		}
	}
	want("nothing configured", `"strategies":[],"variants":[]`)
	must(w.CreateSegment(t.Context(), root, control.Segment{Segment: eval.Segment{Name: "all"}}))(t)
	want("an empty segment", `"constraints":[]`)
	must(w.AddStrategy(t.Context(), root, production, control.Strategy{Strategy: eval.Strategy{
		Name: "userWithId", Constraints: []eval.Constraint{{ContextName: "userId", Operator: "NUM_GT", Value: "5"}},
	}}))(t)
	want("an empty constraint", `"values":[]`)
	must(w.SetEnabled(t.Context(), root, production, true))(t)
	r := w.started(t)
	want("a release", `"values":[]`)
	for range 2 {
		r = w.apply(t, r, gate.Promote, gate.AllPass)
	}
	want("a completed one", `"groupId":"blue-flag"`)

	w = newWorld(t)
	w.started(t)
	want("a release of a flag that is off", `"constraints":[]`)
	diff(t, "an environment that is not", `{"Seq":7,"Flags":[],"Segments":[]}`, text(t, must(w.Served(t.Context(), "moon"))(t)))
}

// follower is a client of one environment that keeps asking for updates.
type follower struct {
	seq      int64
	flags    map[string]eval.Flag
	segments map[int]eval.Segment
}

func (f *follower) follow(t *rapid.T, w *world, env string) {
	seq, by, err := w.Updates(t.Context(), f.seq, []string{env, "moon"})
	if err != nil {
		t.Fatal(err)
	}
	if moon := by["moon"]; len(moon.Flags) > 0 {
		t.Fatalf("served where no project is: %v", moon.Flags)
	}
	u := by[env]
	for _, flag := range u.Flags {
		f.flags[flag.Name] = flag
	}
	for _, flag := range u.Removed {
		delete(f.flags, flag.Name)
	}
	for _, s := range u.Segments {
		f.segments[s.ID] = s
	}
	f.seq = seq
}

func (f *follower) agrees(t *rapid.T, w *world, env string) {
	served, err := w.Served(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	flags := slices.SortedFunc(maps.Values(f.flags), func(a, b eval.Flag) int { return strings.Compare(a.Name, b.Name) })
	segments := slices.SortedFunc(maps.Values(f.segments), func(a, b eval.Segment) int { return a.ID - b.ID })
	followed := control.Served{Seq: f.seq, Flags: append([]eval.Flag{}, flags...), Segments: append([]eval.Segment{}, segments...)}
	if d := cmp.Diff(served, followed); d != "" {
		t.Fatalf("%s (-served +followed):\n%s", env, d)
	}
}

// TestUpdatesFollowServed makes random changes. Whoever follows Updates, in
// steps of any size, holds what Served returns.
func TestUpdatesFollowServed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		followers := map[string]*follower{}
		for _, env := range []string{"production", "development"} {
			followers[env] = &follower{flags: map[string]eval.Flag{}, segments: map[int]eval.Segment{}}
		}
		for i := range rapid.IntRange(1, 12).Draw(r, "changes") {
			w.change(r, i)
			for env, f := range followers {
				if rapid.IntRange(0, 2).Draw(r, "asks") == 0 {
					f.follow(r, w, env)
					f.agrees(r, w, env)
				}
			}
		}
		for env, f := range followers {
			f.follow(r, w, env)
			f.agrees(r, w, env)
		}
	})
}

// change does something that may be served, or refused.
func (w *world) change(r *rapid.T, i int) {
	ctx := r.Context()
	ref := rapid.SampledFrom([]control.Ref{
		production, {Flag: "green-flag", Environment: "production"}, {Flag: "green-flag", Environment: "development"},
	}).Draw(r, "flag")
	var err error
	switch rapid.SampledFrom([]string{"create", "segment", "on", "off", "kill", "rule", "delete", "start", "promote", "rollback"}).Draw(r, "what") {
	case "create":
		_, err = w.CreateFlag(ctx, root, control.Flag{Name: fmt.Sprint("flag-", i), Project: rapid.SampledFrom([]string{"blue", "default"}).Draw(r, "project")})
	case "segment":
		_, err = w.CreateSegment(ctx, root, control.Segment{Segment: eval.Segment{Name: fmt.Sprint("segment-", i)}})
	case "on":
		_, err = w.SetEnabled(ctx, root, ref, true)
	case "off":
		_, err = w.SetEnabled(ctx, root, ref, false)
	case "kill":
		_, err = w.KillFlag(ctx, root, ref.Flag)
	case "rule":
		_, err = w.AddStrategy(ctx, root, ref, rollout(strconv.Itoa(rapid.IntRange(0, 100).Draw(r, "percent"))))
	case "delete":
		err = w.deleteFirst(r, ref)
	case "start":
		in := starting()
		in.Flag, in.Environment, in.Build = ref.Flag, ref.Environment, fmt.Sprint("build-", i)
		_, err = w.StartRelease(ctx, root, in)
	default:
		err = w.moveFirst(r)
	}
	if kind := control.KindOf(err); err != nil && kind != control.Conflict && kind != control.NotFound {
		r.Fatal(err)
	}
}

func (w *world) deleteFirst(r *rapid.T, ref control.Ref) error {
	view, err := w.Flag(r.Context(), root, "", ref.Flag)
	if err != nil {
		return err
	}
	for _, fe := range view.Environments {
		if fe.Environment == ref.Environment && len(fe.Strategies) > 0 {
			return w.DeleteStrategy(r.Context(), root, ref, fe.Strategies[0].ID)
		}
	}
	return nil
}

func (w *world) moveFirst(r *rapid.T) error {
	open, err := w.Releases(r.Context(), root, true)
	if err != nil || len(open) == 0 {
		return err
	}
	v := rapid.SampledFrom([]gate.Verdict{gate.Hold, gate.Promote, gate.Rollback}).Draw(r, "verdict")
	_, err = w.Apply(r.Context(), control.Engine(), w.decided(open[0], v, gate.AllPass))
	return err
}
