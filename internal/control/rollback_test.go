package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// outlineSteps is a rollback as text.
func outlineSteps(r control.RollbackResult) []string {
	out := []string{}
	for _, s := range r.Steps {
		out = append(out, fmt.Sprintf("%s %s: %s, %d to %d", s.Environment, s.Flag, s.Action, s.From, s.To))
	}
	return out
}

// dryThenWet looks at what a rollback would do, sees that nothing was done, and
// does it.
func (w *world) dryThenWet(t testing.TB, p control.Principal, in control.Rollback, want ...string) control.RollbackResult {
	t.Helper()
	from := w.head(t).Size
	dry := must(w.PlanRollback(t.Context(), p, in))(t)
	diff(t, "what would be done", want, outlineSteps(dry))
	if n := w.head(t).Size; n != from || dry.Record != -1 {
		t.Errorf("the dry run left %d records, and names %d", n-from, dry.Record)
	}
	wet := must(w.Rollback(t.Context(), p, in))(t)
	diff(t, "what was done", want, outlineSteps(wet))
	for i, r := range w.since(t, from) {
		if i == 0 && (r.Type != "rollback.run" || r.Seq != wet.Record) || i > 0 && (r.Cor.Parent == nil || *r.Cor.Parent != from) {
			t.Errorf("record %d is %s with the parent %v", i, r.Type, r.Cor.Parent)
		}
	}
	return wet
}

// TestRollbackBuild takes back one build in all its flags, and nothing besides.
func TestRollbackBuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	start := func(flag, env, build string) control.ReleaseView {
		in := starting()
		in.Flag, in.Environment, in.Build = flag, env, build
		r := must(w.StartRelease(ctx, root, in))(t)
		return must(w.Release(ctx, root, r.ID))(t)
	}
	complete := func(r control.ReleaseView) {
		for r.Open() {
			r = w.apply(t, r, gate.Promote, gate.AllPass)
		}
	}
	complete(start("blue-flag", "production", "b2"))
	start("green-flag", "production", "b2")
	other := start("green-flag", "development", "b3")
	must(w.CreateFlag(ctx, root, control.Flag{Name: "red-flag", Project: "default"}))(t)
	must(w.AddStrategy(ctx, root, control.Ref{Flag: "red-flag", Environment: "production"}, rollout("20")))(t)
	must(w.SetEnabled(ctx, root, control.Ref{Flag: "red-flag", Environment: "production"}, true))(t)
	complete(start("red-flag", "production", "b2"))

	from := w.head(t).Size
	w.dryThenWet(t, root, control.Rollback{Build: "b2"},
		"production blue-flag: switch off, 100 to 0",
		"production green-flag: roll back the release, 10 to 0",
		"production red-flag: restore, 100 to 20")
	records := w.since(t, from)
	diff(t, "records", []string{"rollback.run", "flag.env.disable", "release.milestone.rollback", "flag.env.restore"}, types(records))
	w.accounted(t, records[1:])
	if r := must(w.Release(ctx, root, other.ID))(t); !r.Open() {
		t.Errorf("the release of another build is %s", r.State)
	}
	from = w.head(t).Size
	again := must(w.Rollback(ctx, root, control.Rollback{Build: "b2"}))(t)
	if len(again.Steps) != 0 || again.Record != -1 || w.head(t).Size != from {
		t.Errorf("a second time it does %v", outlineSteps(again))
	}
}

// TestRollbackAgent takes back what an agent has raised since a moment, where
// that can be shown to reduce exposure, and switches off where it cannot.
func TestRollbackAgent(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	ctx, bot := t.Context(), c.bot(t)
	at := func(flag string) control.Ref {
		return control.Ref{Project: "default", Flag: flag, Environment: "development"}
	}
	for _, name := range []string{"widened", "changed-since", "lowered", "taken-back", "before", "both"} {
		must(c.CreateFlag(ctx, root, control.Flag{Name: name, Project: "default"}))(t)
		must(c.AddStrategy(ctx, root, at(name), rollout("20")))(t)
		must(c.SetEnabled(ctx, root, at(name), true))(t)
	}
	widen := func(p control.Principal, flag, percent string) {
		v := must(c.Flag(ctx, root, "default", flag))(t)
		st := v.Environments[0].Strategies[0]
		st.Parameters = rollout(percent).Parameters
		must(c.UpdateStrategy(ctx, p, at(flag), st))(t)
	}
	widen(bot, "before", "90")
	c.pass(time.Hour)
	since := c.now()
	widen(bot, "widened", "60")
	widen(bot, "widened", "80")
	widen(bot, "lowered", "10")
	widen(bot, "changed-since", "70")
	v := must(c.Flag(ctx, root, "default", "changed-since"))(t)
	other := rollout("70") // by another field: nobody can say for whom it was on before
	other.Parameters["stickiness"] = "sessionId"
	must(c.AddStrategy(ctx, root, at("changed-since"), other))(t)
	check(t, c.DeleteStrategy(ctx, root, at("changed-since"), v.Environments[0].Strategies[0].ID))
	widen(bot, "taken-back", "70")
	widen(root, "taken-back", "5")
	in := starting()
	in.Flag, in.Environment = development.Flag, development.Environment
	must(c.StartRelease(ctx, bot, in))(t)
	widen(bot, "both", "40")
	in.Flag = "both"
	must(c.StartRelease(ctx, bot, in))(t)

	c.dryThenWet(t, c.bob, control.Rollback{Agent: c.agent.ID, Since: since},
		"development both: roll back the release, 10 to 0",
		"development both: restore, 40 to 20",
		"development changed-since: switch off, 70 to 0",
		"development green-flag: roll back the release, 10 to 0",
		"development widened: restore, 80 to 20")
	for name, want := range map[string]string{"widened": "20", "lowered": "10", "taken-back": "5", "before": "90", "both": "20"} {
		v := must(c.Flag(ctx, root, "default", name))(t)
		if e := v.Environments[0]; !e.Enabled || e.Strategies[0].Parameters["rollout"] != want {
			t.Errorf("%s is on %v at %v, want %s", name, e.Enabled, e.Strategies[0].Parameters["rollout"], want)
		}
	}
}

// TestRollbackIsAllOrNothing: who may not do all of it does none of it.
func TestRollbackIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for _, flag := range []string{"blue-flag", "green-flag"} {
		in := starting()
		in.Flag = flag
		must(w.StartRelease(ctx, root, in))(t)
	}
	from := w.head(t).Size
	p := may(blue, control.PermRead, control.PermToggleOff)
	_, err := w.Rollback(ctx, p, control.Rollback{Build: "b2"})
	wantErr(t, err, control.Denied, "flag.env.toggle_off")
	_, err = w.PlanRollback(ctx, p, control.Rollback{Build: "b2"})
	wantErr(t, err, control.Denied, "flag.env.toggle_off")
	if n := w.head(t).Size; n != from {
		t.Errorf("%d records of a rollback that was refused", n-from)
	}
	for field, in := range map[string]control.Rollback{
		"build":  {},
		"since":  {Agent: "ag_1"},
		"reason": {Build: "b", Reason: "\x00"},
	} {
		_, err := w.Rollback(ctx, root, in)
		wantErr(t, err, control.Invalid, field)
	}
	_, err = w.Rollback(ctx, root, control.Rollback{Build: "b", Agent: "a"})
	wantErr(t, err, control.Invalid, "build")
}
