package control

import (
	"context"
	"fmt"
	"slices"
)

// StrategyUse is a strategy that uses something, and where it is. Flag is empty
// for the default strategy of a project.
type StrategyUse struct {
	Ref

	Strategy string // its id
	Name     string // its kind: flexibleRollout
	Segments []int
	Fields   []string // of the context, that its own constraints compare
}

// String names the place, for people.
func (u StrategyUse) String() string {
	if u.Flag == "" {
		return fmt.Sprintf("the default strategy of project %s in %s", u.Project, u.Environment)
	}
	return fmt.Sprintf("flag %s in %s", u.Flag, u.Environment)
}

// StrategyUses returns every strategy for which uses is true, by environment
// and flag, with the default strategies of projects after them.
func (s *Service) StrategyUses(ctx context.Context, p Principal, uses func(Strategy) bool) ([]StrategyUse, error) {
	var out []StrategyUse
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = strategyUses(tx, uses)
		return err
	})
	return slices.DeleteFunc(out, func(u StrategyUse) bool { return p.May(PermRead, Scope{Project: u.Project}) != nil }), err
}

// usesOf returns the strategies that use a segment, an open release's included:
// it has taken them over when it started.
func usesOf(tx ReadTx, segment int) ([]StrategyUse, error) {
	out, err := strategyUses(tx, func(st Strategy) bool { return slices.Contains(st.Segments, segment) })
	if err != nil {
		return nil, err
	}
	open, err := list[Release](tx, KindRelease, releasesOpen)
	for _, r := range open {
		for _, one := range r.Each() {
			if slices.Contains(one.Segments, segment) {
				out = append(out, StrategyUse{Ref: one.Ref(), Strategy: r.ID, Name: "release", Segments: one.Segments})
			}
		}
	}
	return out, err
}

func strategyUses(tx ReadTx, uses func(Strategy) bool) ([]StrategyUse, error) {
	flags, err := list[Flag](tx, KindFlag, "")
	if err != nil {
		return nil, err
	}
	projectOf := make(map[string]string, len(flags))
	for _, f := range flags {
		projectOf[f.Name] = f.Project
	}
	var out []StrategyUse
	add := func(ref Ref, st Strategy) {
		if !uses(st) {
			return
		}
		u := StrategyUse{Ref: ref, Strategy: st.ID, Name: st.Name, Segments: st.Segments}
		for _, c := range st.Constraints {
			u.Fields = append(u.Fields, c.ContextName)
		}
		out = append(out, u)
	}
	configured, err := list[FlagEnv](tx, KindFlagEnv, "")
	if err != nil {
		return nil, err
	}
	for _, fe := range configured {
		for _, st := range fe.Strategies {
			add(Ref{projectOf[fe.Flag], fe.Flag, fe.Environment}, st)
		}
	}
	projects, err := list[Project](tx, KindProject, "")
	for _, pr := range projects {
		for _, env := range pr.Environments {
			if st, ok := pr.Strategies[env]; ok {
				add(Ref{Project: pr.ID, Environment: env}, st)
			}
		}
	}
	return out, err
}

// StrategyPlace finds a strategy by its id, among the flags that p may read.
func (s *Service) StrategyPlace(ctx context.Context, p Principal, id string) (Ref, Strategy, error) {
	var found Strategy
	uses, err := s.StrategyUses(ctx, p, func(st Strategy) bool {
		if st.ID == id && id != "" {
			found = st
			return true
		}
		return false
	})
	if err == nil && len(uses) == 0 {
		err = Errorf(NotFound, "not_found", "there is no strategy %q", id)
	}
	if err != nil {
		return Ref{}, Strategy{}, err
	}
	return uses[0].Ref, found, nil
}
