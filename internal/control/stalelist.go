package control

import (
	"context"
	"slices"
	"time"
)

// StaleFlags returns the flags of a project, or of all that p may read, that
// are due to be removed from the code, the most certain first. It is what the
// API, the CLI and agents are told.
func (s *Service) StaleFlags(ctx context.Context, p Principal, project string) ([]StaleFlag, error) {
	facts, err := s.facts(ctx, p, project)
	if err != nil {
		return nil, err
	}
	now := s.now()
	uses, err := s.flagUses(ctx, UseFilter{})
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(facts))
	for i, f := range facts {
		facts[i].Environments = withUses(f, uses[f.Flag.Name])
		if _, stale := Stale(facts[i], now); stale {
			names = append(names, f.Flag.Name)
		}
	}
	shares, err := s.shares(ctx, names, now.Add(-ShareOver))
	if err != nil {
		return nil, err
	}
	out := []StaleFlag{}
	for _, f := range facts {
		for i, e := range f.Environments {
			h := shares[Sighting{f.Flag.Name, e.Name}]
			f.Environments[i].Yes, f.Environments[i].No = h.Yes, h.No
		}
		if one, stale := Stale(f, now); stale {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, compareStale)
	return out, nil
}

// flagUses reads who asked about which flag, by flag: nobody where usage is not
// kept.
func (s *Service) flagUses(ctx context.Context, of UseFilter) (map[string][]FlagUse, error) {
	out := map[string][]FlagUse{}
	if s.usage == nil {
		return out, nil
	}
	all, err := s.usage.FlagUses(ctx, of)
	for _, u := range all {
		out[u.Flag] = append(out[u.Flag], u)
	}
	return out, err
}

func (s *Service) shares(ctx context.Context, flags []string, since time.Time) (map[Sighting]Share, error) {
	out := map[Sighting]Share{}
	if s.usage == nil || len(flags) == 0 {
		return out, nil
	}
	all, err := s.usage.Shares(ctx, flags, since)
	for _, h := range all {
		out[Sighting{h.Flag, h.Environment}] = h
	}
	return out, err
}

// withUses returns the environments of a flag with when it was asked about
// there, by any application, in its present life.
func withUses(f FlagFacts, uses []FlagUse) []EnvironmentFacts {
	since := f.Flag.CreatedAt
	for _, u := range uses {
		i := slices.IndexFunc(f.Environments, func(e EnvironmentFacts) bool { return e.Name == u.Environment })
		if i < 0 || u.SeenAt.Before(since) {
			continue
		}
		e := &f.Environments[i]
		if first := latest(u.FirstAt, since); e.FirstAt.IsZero() || first.Before(e.FirstAt) {
			e.FirstAt = first
		}
		e.SeenAt = latest(e.SeenAt, u.SeenAt)
		if !u.YesAt.Before(since) {
			e.YesAt = latest(e.YesAt, u.YesAt)
		}
		if !u.NoAt.Before(since) {
			e.NoAt = latest(e.NoAt, u.NoAt)
		}
	}
	return f.Environments
}

// facts reads what the state says of the flags in service.
func (s *Service) facts(ctx context.Context, p Principal, project string) ([]FlagFacts, error) {
	var out []FlagFacts
	err := s.store.View(ctx, func(tx ReadTx) error {
		if project != "" {
			if _, err := get[Project](tx, KindProject, project); err != nil {
				return asMissing(err, "project", project)
			}
			if err := p.May(PermRead, Scope{Project: project}); err != nil {
				return err
			}
		}
		x, err := newIndex(tx)
		if err != nil {
			return err
		}
		more, err := newFactIndex(tx, x)
		if err != nil {
			return err
		}
		for _, f := range x.flags {
			if f.ArchivedAt != nil || project != "" && f.Project != project || p.May(PermRead, Scope{Project: f.Project}) != nil {
				continue
			}
			out = append(out, more.facts(x.found(f), x))
		}
		return nil
	})
	return out, err
}

// factIndex is what staleness is judged by beside what a search looks through.
type factIndex struct {
	environments map[string]string // type by name
	released     map[string]*Release
	open         map[string][]string // ids by flag
	children     map[string][]string
}

func newFactIndex(tx ReadTx, x index) (factIndex, error) {
	out := factIndex{map[string]string{}, map[string]*Release{}, map[string][]string{}, map[string][]string{}}
	envs, err := list[Environment](tx, KindEnvironment, "")
	if err != nil {
		return out, err
	}
	for _, e := range envs {
		out.environments[e.Name] = e.Type
	}
	releases, err := list[Release](tx, KindRelease, "")
	for i, r := range releases {
		if r.EndedAt == nil {
			out.open[r.Flag] = append(out.open[r.Flag], r.ID)
			continue
		}
		last := out.released[r.Flag]
		if out.environments[r.Environment] == productionType && (last == nil || r.EndedAt.After(*last.EndedAt)) {
			out.released[r.Flag] = &releases[i]
		}
	}
	for _, f := range x.flags {
		for _, d := range f.Dependencies {
			out.children[d.Feature] = append(out.children[d.Feature], f.Name)
		}
	}
	return out, err
}

func (x factIndex) facts(f FoundFlag, all index) FlagFacts {
	out := FlagFacts{
		Flag: f.Flag, LifetimeDays: f.lifetime(all.types), Life: all.lives[f.Name],
		Open: x.open[f.Name], Children: x.children[f.Name],
	}
	if r := x.released[f.Name]; r != nil && r.StartedAt.After(f.since()) {
		out.Released = r
	}
	for _, fe := range f.Environments {
		out.Environments = append(out.Environments, EnvironmentFacts{
			Name: fe.Environment, Type: x.environments[fe.Environment], Enabled: fe.Enabled,
		})
	}
	return out
}
