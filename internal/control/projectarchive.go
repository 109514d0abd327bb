package control

import (
	"context"
	"slices"
)

// defaultProject is that of whoever names none. It cannot be archived.
const defaultProject = "default"

// ArchiveProject takes a project out of service whose flags all are.
func (s *Service) ArchiveProject(ctx context.Context, p Principal, project string) error {
	return s.endProject(ctx, p, PermProjectArchive, project, func(w *work, pr Project) error {
		if pr.ArchivedAt != nil {
			return nil
		}
		pr.ArchivedAt = &w.now
		return w.put(event{Type: "project.archive", Kind: KindProject, Key: project, Project: project, Doc: pr})
	})
}

// ReviveProject puts an archived project back into service. Its flags stay
// archived.
func (s *Service) ReviveProject(ctx context.Context, p Principal, project string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{Project: project}, PermProjectArchive); err != nil {
			return err
		}
		pr, err := get[Project](w, KindProject, project)
		if err != nil {
			return asMissing(err, "project", project)
		}
		pr.ArchivedAt = nil
		return w.put(event{Type: "project.restore", Kind: KindProject, Key: project, Project: project, Doc: pr})
	})
}

// DeleteProject removes a project for good, with its archived flags. It is
// refused while a flag is in service, and while a token or a segment is for it,
// which would otherwise be for whatever is named so next.
func (s *Service) DeleteProject(ctx context.Context, p Principal, project string) error {
	return s.endProject(ctx, p, PermProjectDelete, project, func(w *work, _ Project) error {
		if err := w.unreferenced(project); err != nil {
			return err
		}
		flags, err := list[Flag](w, KindFlag, project)
		if err != nil {
			return err
		}
		for _, f := range flags {
			if err := w.removeFlag(f); err != nil {
				return err
			}
		}
		return w.remove(event{Type: "project.delete", Kind: KindProject, Key: project, Project: project})
	})
}

// endProject lets act end a project that has no flag in service.
func (s *Service) endProject(ctx context.Context, p Principal, perm Permission, project string, act func(w *work, pr Project) error) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{Project: project}, perm); err != nil {
			return err
		}
		pr, err := get[Project](w, KindProject, project)
		if err != nil {
			return asMissing(err, "project", project)
		}
		if project == defaultProject {
			return Errorf(Conflict, "default_project", "the project %q is always there", project)
		}
		flags, err := list[Flag](w, KindFlag, project)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(flags, func(f Flag) bool { return f.ArchivedAt == nil }); i >= 0 {
			return Errorf(Conflict, "project_in_use", "flag %q of project %q is in service: archive it first", flags[i].Name, project)
		}
		return act(w, pr)
	})
}

// unreferenced refuses where something outside a project names it.
func (w *work) unreferenced(project string) error {
	tokens, err := list[Token](w, KindToken, "")
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if slices.Contains(t.Projects, project) {
			return Errorf(Conflict, "project_in_use", "token %q (%s) is for project %q: revoke it first", t.Name, t.ID, project)
		}
	}
	segments, err := list[Segment](w, KindSegment, "")
	for _, seg := range segments {
		if seg.Project == project {
			return Errorf(Conflict, "project_in_use", "segment %q is for project %q: delete it first", seg.Name, project)
		}
	}
	return err
}
