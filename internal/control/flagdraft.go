package control

import "context"

// FlagDraft is a flag as it is and as files would hold it, to be changed and
// handed to PlanConfiguration. The strategies of an environment are in the same
// order in both; only those of View have ids.
type FlagDraft struct {
	View FlagView
	Spec FlagSpec
	// Revision grows with every write of the flag or of its configuration in an
	// environment.
	Revision int64
}

// FlagDraft reads one flag of a project, or of whichever it is in where project
// is empty.
func (s *Service) FlagDraft(ctx context.Context, p Principal, project, flag string) (FlagDraft, error) {
	var out FlagDraft
	err := s.store.View(ctx, func(tx ReadTx) error {
		f, pr, err := flagOf(tx, project, flag)
		if err != nil {
			return err
		}
		if err := p.sees(Scope{Project: f.Project}, "flag", f.Name); err != nil {
			return err
		}
		if out.View, err = viewOf(tx, f, pr); err != nil {
			return err
		}
		segments, err := list[Segment](tx, KindSegment, "")
		if err != nil {
			return err
		}
		out.Spec = specOfFlag(f)
		for _, fe := range out.View.Environments {
			out.Spec.Environments[fe.Environment] = specOfEnv(fe, segments)
		}
		out.Revision, err = writesOf(tx, f, pr)
		return err
	})
	return out, err
}

// writesOf counts the writes of a flag and of its configurations.
func writesOf(tx ReadTx, f Flag, pr Project) (int64, error) {
	of := []Entity{{KindFlag, f.Name}}
	for _, env := range pr.Environments {
		of = append(of, Ref{f.Project, f.Name, env}.Entity())
	}
	var n int64
	for _, e := range of {
		r, err := tx.Resource(e.Kind, e.Key)
		if present(err) != nil {
			return 0, err
		}
		n += r.Rev
	}
	return n, nil
}
