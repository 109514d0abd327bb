package control

import (
	"context"

	"github.com/lockflight/lockflight/internal/audit"
)

// ArchiveFlags takes flags of a project out of service, all of them or none:
// clients are no longer sent them, their names stay taken, and nothing else
// about them changes but that they depend on no parent any more. A parent needs
// its children archived with it, or before. A flag with a running release is refused, because its
// clients would fall back to whatever their code says, which is not always the
// control: roll the release back, or wait for its end, first.
func (s *Service) ArchiveFlags(ctx context.Context, p Principal, project string, flags []string) error {
	return s.eachFlag(ctx, p, PermFlagArchive, project, flags, func(w *work, f Flag) error {
		if f.ArchivedAt != nil {
			return nil
		}
		if err := w.noReleaseOf(f); err != nil {
			return err
		}
		if err := noChildren(w, f, flags); err != nil {
			return err
		}
		f.ArchivedAt, f.Dependencies = &w.now, nil
		return w.putFlag("flag.archive", f)
	})
}

// ReviveFlags puts flags back into service, off in every environment: what
// they served when they were archived may suit nobody any more. Each
// environment that is switched off by that has a record of its own.
func (s *Service) ReviveFlags(ctx context.Context, p Principal, project string, flags []string) error {
	return s.eachFlag(ctx, p, PermFlagRestore, project, flags, func(w *work, f Flag) error {
		if f.ArchivedAt == nil {
			return nil
		}
		if pr, err := get[Project](w, KindProject, project); err != nil {
			return err
		} else if pr.ArchivedAt != nil {
			return Errorf(Conflict, "project_archived", "project %q is in the archive: revive it first", project)
		}
		f.ArchivedAt, f.RevivedAt = nil, &w.now
		if err := w.putFlag("flag.restore", f); err != nil {
			return err
		}
		return w.eachEnvOf(f, func(ref Ref, fe FlagEnv) error {
			fe.Enabled = false
			return w.putEnv("flag.env.disable", ref, fe, audit.Correlation{})
		})
	})
}

// DeleteFlags removes archived flags for good, all of them or none, with their
// configuration in every environment. Their names are free again; their
// revisions and records stay.
func (s *Service) DeleteFlags(ctx context.Context, p Principal, project string, flags []string) error {
	return s.eachFlag(ctx, p, PermFlagDelete, project, flags, func(w *work, f Flag) error {
		if f.ArchivedAt == nil {
			return Errorf(Conflict, "flag_in_service", "flag %q is in service: archive it first", f.Name)
		}
		return w.removeFlag(f)
	})
}

// removeFlag removes a flag with all that is configured for it.
func (w *work) removeFlag(f Flag) error {
	err := w.eachEnvOf(f, func(ref Ref, _ FlagEnv) error { return w.removeEnv(ref) })
	if err != nil {
		return err
	}
	return w.remove(event{Type: "flag.delete", Kind: KindFlag, Key: f.Name, Project: f.Project})
}

// removeEnv removes a flag's configuration in one environment.
func (w *work) removeEnv(ref Ref) error {
	return w.remove(event{
		Type: "flag.env.delete", Kind: KindFlagEnv, Key: ref.key(),
		Project: ref.Project, Env: ref.Environment,
	})
}

// ArchivedFlags lists the archived flags of a project, or of all that p may
// read, by name.
func (s *Service) ArchivedFlags(ctx context.Context, p Principal, project string) ([]Flag, error) {
	return s.flagsWhere(ctx, p, project, func(f Flag) bool { return f.ArchivedAt != nil })
}

// noReleaseOf refuses what must not happen to a flag while a release runs on it
// in any environment.
func (w *work) noReleaseOf(f Flag) error {
	open, err := list[Release](w, KindRelease, releasesOpen)
	for _, r := range open {
		if _, in := r.Builds()[f.Name]; in {
			return w.noRelease(Ref{f.Project, f.Name, r.Environment})
		}
	}
	return err
}

// eachEnvOf calls act with the stored configurations of a flag, those in
// environments that its project is no longer served in included.
func (w *work) eachEnvOf(f Flag, act func(ref Ref, fe FlagEnv) error) error {
	envs, err := list[Environment](w, KindEnvironment, "")
	if err != nil {
		return err
	}
	for _, e := range envs {
		ref := Ref{f.Project, f.Name, e.Name}
		fe, err := get[FlagEnv](w, KindFlagEnv, ref.key())
		if KindOf(err) == NotFound {
			continue
		}
		if err != nil {
			return err
		}
		if err := act(ref, fe); err != nil {
			return err
		}
	}
	return nil
}
