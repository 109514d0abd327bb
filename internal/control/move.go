package control

import (
	"context"
	"slices"
	"strconv"
)

// MoveFlag takes a flag to another project, with its configuration. It is
// refused where that would change what is served to whom beyond the project: a
// dependency would leave its project, an environment in which something is
// configured is not one of the other project's, a segment is for the old
// project alone, or a release runs. Tokens of the old project lose the flag.
func (s *Service) MoveFlag(ctx context.Context, p Principal, project, flag, to string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		f, _, err := flagOf(w, project, flag)
		if err != nil {
			return err
		}
		if err := w.may(Scope{Project: to}, PermFlagCreate); err != nil {
			return err
		}
		if err := w.may(Scope{Project: f.Project}, PermFlagUpdate); err != nil {
			return err
		}
		if err := f.inService(); err != nil || f.Project == to {
			return err
		}
		pr, err := get[Project](w, KindProject, to)
		if err != nil {
			return asField(err, "newProjectId", "there is no project %q", to)
		}
		if err := w.movable(f, pr); err != nil {
			return err
		}
		f.Project = to
		return w.putFlag("flag.move", f)
	})
}

// movable says why a flag may not be moved to a project.
func (w *work) movable(f Flag, to Project) error {
	if to.ArchivedAt != nil {
		return Errorf(Conflict, "project_archived", "project %q is in the archive: revive it first", to.ID)
	}
	if err := to.Naming.check(f.Name); err != nil {
		return err
	}
	if err := w.noReleaseOf(f); err != nil {
		return err
	}
	children, err := childrenOf(w, f)
	if err != nil {
		return err
	}
	if len(f.Dependencies) > 0 || len(children) > 0 {
		return Errorf(Conflict, "has_dependencies", "flag %q depends on another or has one that depends on it, and both are in one project: remove the dependency first", f.Name)
	}
	return w.eachEnvOf(f, func(ref Ref, fe FlagEnv) error {
		if !slices.Contains(to.Environments, ref.Environment) && (fe.Enabled || len(fe.Strategies) > 0 || len(fe.Variants) > 0) {
			return Errorf(Conflict, "not_served", "project %q is not served in %s, where flag %q is configured: add it there, or clear the flag, first", to.ID, ref.Environment, f.Name)
		}
		for _, st := range fe.Strategies {
			for _, id := range st.Segments {
				seg, err := get[Segment](w, KindSegment, strconv.Itoa(id))
				if err != nil {
					return err
				}
				if seg.Project != "" && seg.Project != to.ID {
					return Errorf(Conflict, "project_segment", "segment %q is for project %q alone, and flag %q uses it in %s", seg.Name, seg.Project, f.Name, ref.Environment)
				}
			}
		}
		return nil
	})
}
