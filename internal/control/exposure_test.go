package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestReducingNeedsOff: whoever may switch a flag off may do what is shown to
// reduce its exposure, by whichever call, and nothing else.
func TestReducingNeedsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, ref := t.Context(), control.Ref{Project: "blue", Flag: "blue-flag", Environment: "production"}
	off := may(blue, control.PermRead, control.PermToggleOff)
	st := must(w.AddStrategy(ctx, root, ref, rollout("50")))(t)
	must(w.SetEnabled(ctx, root, ref, true))(t)
	update := func(p control.Principal, percent string) error {
		next := rollout(percent)
		next.ID = st.ID
		_, err := w.UpdateStrategy(ctx, p, ref, next)
		return err
	}
	spec := func(percent string) control.Configuration {
		return control.Configuration{Flags: []control.FlagSpec{{
			Name: "blue-flag", Project: "blue",
			Environments: map[string]control.EnvSpec{"production": {
				Enabled:    true,
				Strategies: []control.StrategySpec{{Name: "flexibleRollout", Parameters: rollout(percent).Parameters}},
			}},
		}}}
	}
	apply := func(p control.Principal, percent string) error {
		_, err := w.ApplyConfiguration(ctx, p, spec(percent), "")
		return err
	}

	before := w.head(t).Size
	wantErr(t, update(off, "60"), control.Denied, "rule.write")
	wantErr(t, update(off, "50"), control.Denied, "rule.write") // the same is no reduction
	wantErr(t, apply(off, "60"), control.Denied, "rule.write")
	_, err := w.AddStrategy(ctx, off, ref, rollout("10"))
	wantErr(t, err, control.Denied, "rule.write")
	wantErr(t, update(may(blue, control.PermRead), "20"), control.Denied, "rule.write")
	diff(t, "records of what was refused", []string{}, types(w.since(t, before)))

	check(t, update(off, "40"))
	check(t, apply(off, "30"))
	for _, r := range w.since(t, before) {
		diff(t, r.Type+" was allowed by", []string{"flag.env.toggle_off"}, r.Authz.Perm)
	}
	check(t, w.DeleteStrategy(ctx, off, ref, st.ID)) // the last one: it is off then
	diff(t, "records", []string{"rule.update", "flag.env.apply", "rule.delete"}, types(w.since(t, before)))
}

// TestReducingCountsChildren: what turns a flag on that wants its parent off
// is no reduction, but switching off is never refused for it.
func TestReducingCountsChildren(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, ref := t.Context(), control.Ref{Project: "blue", Flag: "blue-flag", Environment: "production"}
	must(w.CreateFlag(ctx, root, control.Flag{Name: "child", Project: "blue"}))(t)
	check(t, w.SetDependency(ctx, root, "blue", "child", eval.Dependency{Feature: "blue-flag", Enabled: new(false)}))
	for _, flag := range []string{"child", "blue-flag"} {
		must(w.SetEnabled(ctx, root, control.Ref{Project: "blue", Flag: flag, Environment: "production"}, true))(t)
	}
	off := may(blue, control.PermRead, control.PermToggleOff)
	view := must(w.Flag(ctx, root, "blue", "blue-flag"))(t)
	err := w.DeleteStrategy(ctx, off, ref, view.Environments[0].Strategies[0].ID)
	wantErr(t, err, control.Denied, "rule.write")
	must(w.SetEnabled(ctx, off, ref, false))(t)
}
