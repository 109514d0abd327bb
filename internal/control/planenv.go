package control

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/lockflight/lockflight/sdk/eval"
)

// env plans a flag in one environment.
func (pl *planner) env(f projectFlag, env string, in EnvSpec) error {
	if !slices.Contains(f.project.Environments, env) {
		return Invalidf("", "project %q is not served in an environment %q", f.project.ID, env)
	}
	ref := Ref{f.Project, f.Name, env}
	now, err := flagEnv(pl, ref)
	if err != nil {
		return err
	}
	before := specOfEnv(now, pl.segments)
	if reflect.DeepEqual(before, in) {
		return nil // what was checked when it was written needs no second check
	}
	next, err := pl.flagEnv(f, now, in)
	if err != nil {
		return err
	}
	open, err := pl.open(env)
	if err != nil {
		return err
	}
	st := step{
		Change: Change{Kind: KindFlagEnv, Name: f.Name, Environment: env}, after: specOfEnv(next, pl.segments),
		scope: ref.scope(), perms: []Permission{PermRuleWrite},
		event: event{Kind: KindFlagEnv, Key: ref.key(), Project: f.Project, Env: env, Doc: next},
	}
	switch {
	case next.Enabled && !now.Enabled:
		st.perms = append(st.perms, PermToggleOn)
	case now.Enabled && !next.Enabled:
		st.perms = append(st.perms, PermToggleOff)
	}
	if r := open[f.Name]; r != nil {
		st.Release = r.ID
	}
	return pl.step(st, before)
}

// open returns the open releases of an environment by flag.
func (pl *planner) open(env string) (map[string]*Release, error) {
	if all, ok := pl.releases[env]; ok {
		return all, nil
	}
	all, err := openReleases(pl, env)
	pl.releases[env] = all
	return all, err
}

// flagEnv returns what is stored for a spec. A strategy keeps the id of the
// one in its place, where that has the same name.
func (pl *planner) flagEnv(f projectFlag, now FlagEnv, in EnvSpec) (FlagEnv, error) {
	next := FlagEnv{Flag: now.Flag, Environment: now.Environment, Enabled: in.Enabled, Strategies: []Strategy{}}
	for i, spec := range in.Strategies {
		st, err := pl.strategy(f, spec, i)
		if err != nil {
			return next, err
		}
		st.ID = newID("str-", pl.now)
		if i < len(now.Strategies) && now.Strategies[i].Name == spec.Name {
			st.ID = now.Strategies[i].ID
		}
		next.Strategies = append(next.Strategies, st)
	}
	if next.Enabled && len(next.enabled()) == 0 {
		return next, Invalidf("strategies", "hold none that is enabled: an environment that is on needs one")
	}
	var err error
	next.Variants, err = settledVariants("variants", in.Variants, "default")
	return next, err
}

// strategy returns a strategy as the i-th of a flag is stored, without an id.
func (pl *planner) strategy(f projectFlag, spec StrategySpec, i int) (Strategy, error) {
	ids, err := segmentIDs(spec.Segments, pl.segments)
	if err != nil {
		return Strategy{}, within(fmt.Sprintf("strategies[%d]", i), err)
	}
	st := Strategy{
		Title: spec.Title, Disabled: spec.Disabled,
		Strategy: eval.Strategy{
			Name: spec.Name, Parameters: spec.Parameters, Constraints: constraintsOf(spec.Constraints),
			Segments: ids, Variants: spec.Variants,
		},
	}
	return st.settled(pl, f, i)
}

// segmentIDs finds segments by their names.
func segmentIDs(names []string, segments []Segment) ([]int, error) {
	var out []int
	for i, name := range names {
		at := slices.IndexFunc(segments, func(s Segment) bool { return s.Name == name })
		if at < 0 {
			return nil, Invalidf(fmt.Sprintf("segments[%d]", i), "there is no segment %q", name)
		}
		out = append(out, segments[at].ID)
	}
	return out, nil
}
