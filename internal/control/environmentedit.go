package control

import (
	"context"
	"maps"
	"slices"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
)

// EnvironmentEdit says what to change of an environment. A nil field leaves
// what is there.
type EnvironmentEdit struct {
	Type      *string
	SortOrder *int
	Disabled  *bool
	Calendar  *gate.Calendar // the empty one takes it away
}

// EditEnvironments changes environments by name, all of them or none. Each that
// changes has its record.
func (s *Service) EditEnvironments(ctx context.Context, p Principal, edits map[string]EnvironmentEdit) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermEnvUpdate); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(edits)) {
			e, err := get[Environment](w, KindEnvironment, name)
			if err != nil {
				return asMissing(err, "environment", name)
			}
			edit := edits[name]
			set(&e.Type, edit.Type)
			set(&e.SortOrder, edit.SortOrder)
			set(&e.Disabled, edit.Disabled)
			if err := checkCalendar("calendar", edit.Calendar); err != nil {
				return err
			}
			if edit.Calendar != nil {
				e.Calendar = edit.Calendar.Settled()
			}
			if e.Type == "" {
				return Invalidf("type", "must not be empty")
			}
			if err := w.put(event{Type: "env.update", Kind: KindEnvironment, Key: name, Env: name, Doc: e}); err != nil {
				return err
			}
		}
		return nil
	})
}

// ValidateEnvironmentName says whether an environment of that name can be
// created.
func (s *Service) ValidateEnvironmentName(ctx context.Context, name string) error {
	if err := checkName("name", name); err != nil {
		return err
	}
	return s.store.View(ctx, func(tx ReadTx) error { return absent(tx, KindEnvironment, name, "name") })
}

// DeleteEnvironment removes an environment in which no project is served and
// for which there is no token, with what flags were configured to do there.
func (s *Service) DeleteEnvironment(ctx context.Context, p Principal, name string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermEnvDelete); err != nil {
			return err
		}
		if _, err := get[Environment](w, KindEnvironment, name); err != nil {
			return asMissing(err, "environment", name)
		}
		if err := w.unused(name); err != nil {
			return err
		}
		configured, err := list[FlagEnv](w, KindFlagEnv, name)
		if err != nil {
			return err
		}
		for _, fe := range configured {
			f, err := get[Flag](w, KindFlag, fe.Flag)
			if err != nil && KindOf(err) != NotFound {
				return err
			}
			if err := w.removeEnv(Ref{f.Project, fe.Flag, name}); err != nil {
				return err
			}
		}
		return w.remove(event{Type: "env.delete", Kind: KindEnvironment, Key: name, Env: name})
	})
}

// unused refuses where something else names an environment.
func (w *work) unused(env string) error {
	projects, err := list[Project](w, KindProject, "")
	if err != nil {
		return err
	}
	for _, pr := range projects {
		if slices.Contains(pr.Environments, env) {
			return Errorf(Conflict, "environment_in_use", "project %q is served in %q: remove it there first", pr.ID, env)
		}
	}
	tokens, err := list[Token](w, KindToken, "")
	for _, t := range tokens {
		if t.Environment == env {
			return Errorf(Conflict, "environment_in_use", "token %q (%s) is for %q: revoke it first", t.Name, t.ID, env)
		}
	}
	return err
}

// CloneEnvironment makes an environment in which the named projects, or all
// that are served in the original, are served as they are there, with
// strategies of their own. Running releases are not cloned.
func (s *Service) CloneEnvironment(ctx context.Context, p Principal, from string, in Environment, projects []string) (Environment, error) {
	if err := checkName("name", in.Name); err != nil {
		return in, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermEnvCreate); err != nil {
			return err
		}
		original, err := get[Environment](w, KindEnvironment, from)
		if err != nil {
			return asMissing(err, "environment", from)
		}
		if err := absent(w, KindEnvironment, in.Name, "name"); err != nil {
			return err
		}
		if in.Type == "" {
			in.Type = original.Type
		}
		in.SortOrder, in.CreatedAt = original.SortOrder, w.now
		if err := w.put(event{Type: "env.create", Kind: KindEnvironment, Key: in.Name, Env: in.Name, Doc: in}); err != nil {
			return err
		}
		all, err := list[Project](w, KindProject, "")
		if err != nil {
			return err
		}
		for _, pr := range all {
			if slices.Contains(pr.Environments, from) && (len(projects) == 0 || slices.Contains(projects, pr.ID)) {
				if err := w.cloneProject(pr, from, in.Name); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return in, err
}

// cloneProject serves a project in one more environment, as in another.
func (w *work) cloneProject(pr Project, from, to string) error {
	pr.Environments = append(slices.Clone(pr.Environments), to)
	if st, ok := pr.Strategies[from]; ok {
		pr.Strategies = maps.Clone(pr.Strategies)
		pr.Strategies[to] = st
	}
	if err := w.put(event{Type: "project.update", Kind: KindProject, Key: pr.ID, Project: pr.ID, Doc: pr}); err != nil {
		return err
	}
	flags, err := list[Flag](w, KindFlag, pr.ID)
	if err != nil {
		return err
	}
	for _, f := range flags {
		fe, err := get[FlagEnv](w, KindFlagEnv, Ref{pr.ID, f.Name, from}.key())
		if KindOf(err) == NotFound {
			continue
		}
		if err != nil {
			return err
		}
		on := fe.Enabled
		fe = w.cloneEnv(fe, f.Name, false)
		fe.Environment, fe.Enabled = to, on && f.ArchivedAt == nil
		if err := w.putEnv("rule.create", Ref{pr.ID, f.Name, to}, fe, audit.Correlation{}); err != nil {
			return err
		}
	}
	return nil
}
