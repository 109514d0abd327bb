package control

import (
	"context"
	"maps"
	"slices"

	"github.com/lockflight/lockflight/sdk/eval"
)

// SetDefaultStrategy says what a flag of a project gets that is switched on in
// an environment without a strategy, and returns it as stored. Flags that have
// strategies keep them.
func (s *Service) SetDefaultStrategy(ctx context.Context, p Principal, project, env string, st Strategy) (Strategy, error) {
	err := s.changeProject(ctx, p, project, func(w *work, pr *Project) (err error) {
		if !slices.Contains(pr.Environments, env) {
			return Errorf(NotFound, "not_found", "project %q is not served in an environment %q", project, env)
		}
		if st, err = st.settled(w, projectFlag{project: *pr}, 0); err != nil {
			return err
		}
		pr.Strategies = maps.Clone(pr.Strategies)
		if pr.Strategies == nil {
			pr.Strategies = map[string]Strategy{}
		}
		pr.Strategies[env] = st
		return nil
	})
	return st, err
}

// strategyIn is what a flag gets that is switched on without a strategy. Its
// groupId is filled in then.
func (pr Project) strategyIn(env string) Strategy {
	if st, ok := pr.Strategies[env]; ok {
		return st
	}
	return Strategy{Strategy: eval.Strategy{Name: "flexibleRollout"}}
}

// changeProject reads a project, lets change edit it, and writes it with its
// record, in one transaction.
func (s *Service) changeProject(ctx context.Context, p Principal, project string, change func(w *work, pr *Project) error) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{Project: project}, PermProjectUpdate); err != nil {
			return err
		}
		pr, err := get[Project](w, KindProject, project)
		if err != nil {
			return asMissing(err, "project", project)
		}
		if err := change(w, &pr); err != nil {
			return err
		}
		return w.put(event{Type: "project.update", Kind: KindProject, Key: project, Project: project, Doc: pr})
	})
}
