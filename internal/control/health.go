package control

import (
	"context"
	"slices"
)

// ProjectHealth counts the flags of a project that are in service.
type ProjectHealth struct {
	Project

	Flags            []Flag         // by name
	Types            map[string]int // how many there are of each type
	Stale            int            // marked so by a person
	PotentiallyStale int            // not marked, and past the lifetime of their type
}

// Debt is the share of flags that are stale or potentially so: 0 to 100
// percent, as in Unleash's technicalDebt.
func (h ProjectHealth) Debt() float64 {
	if len(h.Flags) == 0 {
		return 0
	}
	return 100 * float64(h.Stale+h.PotentiallyStale) / float64(len(h.Flags))
}

// ProjectHealth returns a project with what is to be cleaned up in it.
func (s *Service) ProjectHealth(ctx context.Context, p Principal, project string) (ProjectHealth, error) {
	if err := p.May(PermRead, Scope{Project: project}); err != nil {
		return ProjectHealth{}, err
	}
	out := ProjectHealth{Types: map[string]int{}}
	err := s.store.View(ctx, func(tx ReadTx) error {
		var err error
		if out.Project, err = get[Project](tx, KindProject, project); err != nil {
			return asMissing(err, "project", project)
		}
		types, err := flagTypesOf(tx)
		if err != nil {
			return err
		}
		all, err := list[Flag](tx, KindFlag, project)
		out.Flags = slices.DeleteFunc(all, func(f Flag) bool { return f.ArchivedAt != nil })
		for _, f := range out.Flags {
			out.Types[f.Type]++
			switch {
			case f.Stale:
				out.Stale++
			case f.outlived(types, s.now()):
				out.PotentiallyStale++
			}
		}
		return err
	})
	return out, err
}
