package control

import (
	"context"
	"slices"
)

// EnvironmentUse counts what is in an environment.
type EnvironmentUse struct {
	Projects int // in service, that are served there
	Tokens   int // of SDKs
	On       int // flags in service that are on there
}

// EnvironmentUses returns the use of every environment by name, of one project,
// or of all where project is empty. Of what p may not read nothing is counted.
func (s *Service) EnvironmentUses(ctx context.Context, p Principal, project string) (map[string]EnvironmentUse, error) {
	out := map[string]EnvironmentUse{}
	counted := func(id string) bool {
		return (project == "" || id == project) && p.May(PermRead, Scope{Project: id}) == nil
	}
	err := s.store.View(ctx, func(tx ReadTx) error {
		projects, err := list[Project](tx, KindProject, "")
		if err != nil {
			return err
		}
		for _, pr := range projects {
			if !counted(pr.ID) || pr.ArchivedAt != nil {
				continue
			}
			for _, env := range pr.Environments {
				out[env] = out[env].plus(EnvironmentUse{Projects: 1})
			}
		}
		tokens, err := list[Token](tx, KindToken, "")
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if t.Type != TokenAdmin && slices.ContainsFunc(t.Projects, func(id string) bool { return id == "*" || counted(id) }) {
				out[t.Environment] = out[t.Environment].plus(EnvironmentUse{Tokens: 1})
			}
		}
		return countOn(tx, out, counted)
	})
	return out, err
}

// countOn adds the flags that are on.
func countOn(tx ReadTx, uses map[string]EnvironmentUse, counted func(project string) bool) error {
	configured, err := configuredEnvs(tx)
	if err != nil {
		return err
	}
	flags, err := list[Flag](tx, KindFlag, "")
	for _, f := range flags {
		if f.ArchivedAt != nil || !counted(f.Project) {
			continue
		}
		for _, fe := range configured[f.Name] {
			if fe.Enabled {
				uses[fe.Environment] = uses[fe.Environment].plus(EnvironmentUse{On: 1})
			}
		}
	}
	return err
}

func (u EnvironmentUse) plus(o EnvironmentUse) EnvironmentUse {
	return EnvironmentUse{u.Projects + o.Projects, u.Tokens + o.Tokens, u.On + o.On}
}
