package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestCreateFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := control.Flag{Name: "x", Project: "blue", Type: "release", CreatedAt: begin, CreatedBy: "tok_test"}
	diff(t, "flag", want, must(w.CreateFlag(t.Context(), root, control.Flag{Name: "x", Project: "blue"}))(t))
	view := must(w.Flag(t.Context(), root, "blue", "x"))(t)
	diff(t, "view", control.FlagView{
		Flag:         want,
		Environments: []control.FlagEnv{{Flag: "x", Environment: "production", Strategies: []control.Strategy{}}},
		Releases:     map[string]string{},
		Stages:       []control.StageEntry{{Stage: control.StageInitial, EnteredAt: begin}},
		SeenAt:       map[string]time.Time{},
	}, view)
	_, err := w.Flag(t.Context(), root, "default", "x")
	wantErr(t, err, control.NotFound, "flag")
	_, err = w.Flag(t.Context(), root, "red", "x")
	wantErr(t, err, control.NotFound, "project")
}

// enabled returns whether the blue flag is on in production, and its
// strategies' names, those that are not served in parentheses.
func enabled(t *testing.T, w *world) (bool, []string) {
	t.Helper()
	fe := must(w.Flag(t.Context(), root, "", production.Flag))(t).Environments[0]
	names := []string{}
	for _, st := range fe.Strategies {
		name := st.Name
		if st.Disabled {
			name = "(" + name + ")"
		}
		names = append(names, name)
	}
	return fe.Enabled, names
}

func TestSetEnabled(t *testing.T) {
	t.Parallel()
	userWithID := control.Strategy{Strategy: eval.Strategy{Name: "userWithId", Parameters: eval.Parameters{"userIds": "a"}}}
	disabled := userWithID
	disabled.Disabled = true
	for name, tc := range map[string]struct {
		has  []control.Strategy
		want []string
	}{
		"without a strategy":    {nil, []string{"flexibleRollout"}},
		"with one":              {[]control.Strategy{userWithID}, []string{"userWithId"}},
		"with none to serve":    {[]control.Strategy{disabled}, []string{"(userWithId)", "flexibleRollout"}},
		"with one of two of it": {[]control.Strategy{disabled, userWithID}, []string{"(userWithId)", "userWithId"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, st := range tc.has {
				must(w.AddStrategy(t.Context(), root, production, st))(t)
			}
			for _, on := range []bool{true, false, true} {
				must(w.SetEnabled(t.Context(), root, production, on))(t)
				got, names := enabled(t, w)
				diff(t, "enabled", on, got)
				diff(t, "strategies", tc.want, names)
			}
		})
	}
}

// TestDefaultStrategy looks at what is written out for SDKs, which disagree
// about what is left out.
func TestDefaultStrategy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.CreateProject(t.Context(), root, control.Project{ID: "sticky", Stickiness: "sessionId"}))(t)
	must(w.CreateFlag(t.Context(), root, control.Flag{Name: "s", Project: "sticky"}))(t)
	for _, tc := range []struct {
		ref  control.Ref
		want eval.Parameters
	}{
		{production, eval.Parameters{"rollout": "100", "stickiness": "default", "groupId": "blue-flag"}},
		{control.Ref{Flag: "s", Environment: "production"}, eval.Parameters{"rollout": "100", "stickiness": "sessionId", "groupId": "s"}},
	} {
		must(w.SetEnabled(t.Context(), root, tc.ref, true))(t)
		diff(t, "parameters", tc.want, w.servedFlag(t, tc.ref).Strategies[0].Parameters)
	}
}

// TestLastStrategyGone switches off what would else be on for everyone.
func TestLastStrategyGone(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, w *world, id string){
		"deleted": func(t *testing.T, w *world, id string) {
			check(t, w.DeleteStrategy(t.Context(), root, production, id))
		},
		"disabled": func(t *testing.T, w *world, id string) {
			st := rollout("20")
			st.ID, st.Disabled = id, true
			must(w.UpdateStrategy(t.Context(), root, production, st))(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			other := aStrategy(t, w)
			end(t, w, switchedOn(t, w))
			if on, _ := enabled(t, w); !on {
				t.Error("off with a strategy left")
			}
			end(t, w, other)
			if on, _ := enabled(t, w); on {
				t.Error("on without a strategy to serve: on for everyone")
			}
		})
	}
}

func TestStrategyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct {
		st    eval.Strategy
		field string
	}{
		"no name":                 {eval.Strategy{}, "strategies[0].name"},
		"an unknown name":         {eval.Strategy{Name: "lottery"}, "strategies[0].name"},
		"rollout below 0":         {eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "-1"}}, "strategies[0].parameters.rollout"},
		"rollout above 100":       {eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "101"}}, "strategies[0].parameters.rollout"},
		"rollout not a number":    {eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "all"}}, "strategies[0].parameters.rollout"},
		"rollout NaN":             {eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "NaN"}}, "strategies[0].parameters.rollout"},
		"percentage of what":      {eval.Strategy{Name: "gradualRolloutUserId", Parameters: eval.Parameters{"percentage": "Inf"}}, "strategies[0].parameters.percentage"},
		"a release's own":         {eval.Strategy{Name: "flexibleRollout", Parameters: eval.Parameters{"release": "rel-1"}}, "strategies[0].parameters.release"},
		"an unknown segment":      {eval.Strategy{Name: "default", Segments: []int{7}}, "strategies[0].segments[0]"},
		"a constraint never true": {eval.Strategy{Name: "default", Constraints: []eval.Constraint{{ContextName: "v", Operator: "SEMVER_EQ", Value: "x"}}}, "strategies[0].constraints[0].value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.AddStrategy(t.Context(), root, production, control.Strategy{Strategy: tc.st})
			wantErr(t, err, control.Invalid, tc.field)
		})
	}
}

func TestStrategyKeepsCallersValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := control.Strategy{Strategy: eval.Strategy{
		Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "7"}, Constraints: []eval.Constraint{{ContextName: "userId", Operator: "NUM_GT", Value: "5"}},
	}}
	before := text(t, in)
	must(w.AddStrategy(t.Context(), root, production, in))(t)
	diff(t, "the caller's strategy", before, text(t, in))
}

func TestNoSuchPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, ref := range map[string]control.Ref{
		"no flag":                         {Project: "blue", Flag: "none", Environment: "production"},
		"no project":                      {Project: "red", Flag: "blue-flag", Environment: "production"},
		"a flag of another project":       {Project: "default", Flag: "blue-flag", Environment: "production"},
		"an environment that is not":      {Project: "blue", Flag: "blue-flag", Environment: "moon"},
		"one that the project is not in":  {Project: "blue", Flag: "blue-flag", Environment: "development"},
		"an environment that is not text": {Flag: "blue-flag", Environment: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.SetEnabled(t.Context(), root, ref, true)
			wantErr(t, err, control.NotFound, "")
			_, err = w.AddStrategy(t.Context(), root, ref, rollout("5"))
			wantErr(t, err, control.NotFound, "")
		})
	}
	st := rollout("5")
	st.ID = "str-none"
	_, err := w.UpdateStrategy(t.Context(), root, production, st)
	wantErr(t, err, control.NotFound, "")
	_, err = w.KillFlag(t.Context(), root, "none")
	wantErr(t, err, control.NotFound, "flag")
}

// TestKillFlag switches off everywhere, and ends what runs, at once.
func TestKillFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	green := control.Ref{Flag: "green-flag", Environment: "development"}
	must(w.SetEnabled(t.Context(), root, green, true))(t)
	in := starting()
	in.Flag = green.Flag
	release := must(w.StartRelease(t.Context(), root, in))(t)
	from := w.head(t).Size
	view := must(w.KillFlag(t.Context(), root, green.Flag))(t)
	diff(t, "records", []string{"flag.env.disable", "release.milestone.rollback"}, types(w.since(t, from)))
	for _, fe := range view.Environments {
		if fe.Enabled {
			t.Errorf("on in %s", fe.Environment)
		}
	}
	if len(view.Releases) != 0 {
		t.Errorf("releases run on: %v", view.Releases)
	}
	if r := must(w.Release(t.Context(), root, release.ID))(t); r.State != control.RolledBack {
		t.Errorf("release %s is %s", r.ID, r.State)
	}
	for _, env := range []string{"development", "production"} {
		if f := w.servedFlag(t, control.Ref{Flag: green.Flag, Environment: env}); f.Enabled {
			t.Errorf("served in %s", env)
		}
	}
}

// TestKillFlagNeedsAll kills nothing for who may not kill it everywhere.
func TestKillFlagNeedsAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := control.Ref{Flag: "green-flag", Environment: "development"}
	must(w.SetEnabled(t.Context(), root, ref, true))(t)
	before := w.head(t)
	_, err := w.KillFlag(t.Context(), may(control.Scope{Project: "default", Environment: "development"}, control.PermToggleOff, control.PermRead), ref.Flag)
	wantErr(t, err, control.Denied, string(control.PermToggleOff))
	if w.head(t) != before || !w.servedFlag(t, ref).Enabled {
		t.Error("half a kill")
	}
}
