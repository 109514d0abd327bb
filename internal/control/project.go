package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// The kinds of resource that this package stores.
const (
	KindProject     ResourceKind = "project"
	KindEnvironment ResourceKind = "environment"
	KindFlag        ResourceKind = "flag"
	KindFlagEnv     ResourceKind = "flag_env"
	KindSegment     ResourceKind = "segment"
	KindToken       ResourceKind = "token"
	KindRelease     ResourceKind = "release"
)

// Project groups flags that belong to one team or service.
type Project struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Description  string    `json:"description,omitempty"`
	Environments []string  `json:"environments"` // in which its flags are served
	Stickiness   string    `json:"defaultStickiness"`
	CreatedAt    time.Time `json:"createdAt"`

	// Strategies are what a flag gets that is switched on without one, by
	// environment; a rollout to everyone where there is none. They have no id.
	Strategies map[string]Strategy `json:"defaultStrategies,omitempty"`

	Mode          string         `json:"mode,omitempty"` // open where empty, protected or private
	Naming        *Naming        `json:"featureNaming,omitempty"`
	LinkTemplates []LinkTemplate `json:"linkTemplates,omitempty"`
	ArchivedAt    *time.Time     `json:"archivedAt,omitempty"` // it has no flag in service then

	// Members have roles in the project beside those that they have everywhere.
	Members []Member `json:"members,omitempty"`
}

// Environment is a place where flags are served: development, production.
type Environment struct {
	Name      string    `json:"name"`
	Type      string    `json:"type"` // production, pre-production, test, development, or a word of the user's
	SortOrder int       `json:"sortOrder"`
	CreatedAt time.Time `json:"createdAt"`

	// Disabled keeps projects from being served there that are not yet. It
	// changes nothing for those that are.
	Disabled bool `json:"disabled,omitempty"`

	// Calendar says when releases may serve more there; nil: at any time.
	Calendar *gate.Calendar `json:"calendar,omitempty"`
}

// CreateProject adds a project that is served in the named environments, or
// in all that are enabled where none is named.
func (s *Service) CreateProject(ctx context.Context, p Principal, in Project) (Project, error) {
	if err := checkProjectID(in.ID); err != nil {
		return Project{}, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermProjectCreate); err != nil {
			return err
		}
		if err := absent(w, KindProject, in.ID, "id"); err != nil {
			return err
		}
		if err := in.check(); err != nil {
			return err
		}
		envs, err := list[Environment](w, KindEnvironment, "")
		if err != nil {
			return err
		}
		if in.Environments, err = servedIn(in.Environments, envs); err != nil {
			return err
		}
		if in.Name == "" {
			in.Name = in.ID
		}
		if in.Stickiness == "" {
			in.Stickiness = "default"
		}
		in.CreatedAt, in.Members = w.now, w.owning()
		return w.put(event{Type: "project.create", Kind: KindProject, Key: in.ID, Project: in.ID, Doc: in})
	})
	return in, err
}

// servedIn returns where a project is served: the environments that are named,
// each once, or all where none is.
func servedIn(named []string, all []Environment) ([]string, error) {
	out := make([]string, 0, len(all))
	for _, e := range all {
		if len(named) == 0 && !e.Disabled {
			out = append(out, e.Name)
		}
	}
	for i, want := range named {
		if !slices.ContainsFunc(all, func(e Environment) bool { return e.Name == want }) {
			return nil, Invalidf(fmt.Sprintf("environments[%d]", i), "there is no environment %q", want)
		}
		if !slices.Contains(out, want) {
			out = append(out, want)
		}
	}
	return out, nil
}

// Projects lists the projects that p may read. Archived ones are not among
// them.
func (s *Service) Projects(ctx context.Context, p Principal) ([]Project, error) {
	return s.projectsWhere(ctx, p, func(x Project) bool { return x.ArchivedAt == nil })
}

// ArchivedProjects lists the archived projects that p may read.
func (s *Service) ArchivedProjects(ctx context.Context, p Principal) ([]Project, error) {
	return s.projectsWhere(ctx, p, func(x Project) bool { return x.ArchivedAt != nil })
}

func (s *Service) projectsWhere(ctx context.Context, p Principal, keep func(Project) bool) ([]Project, error) {
	var out []Project
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Project](tx, KindProject, "")
		out = slices.DeleteFunc(all, func(x Project) bool {
			return !keep(x) || p.May(PermRead, Scope{Project: x.ID}) != nil
		})
		for i, pr := range out {
			out[i] = pr.shownTo(p)
		}
		return err
	})
	return out, err
}

// CreateEnvironment adds an environment. Existing projects are not served in
// it until they are told to be.
func (s *Service) CreateEnvironment(ctx context.Context, p Principal, in Environment) (Environment, error) {
	if err := checkName("name", in.Name); err != nil {
		return Environment{}, err
	}
	if in.Type == "" {
		return Environment{}, Invalidf("type", "must not be empty: production, pre-production, test, development, or a word of your own")
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermEnvCreate); err != nil {
			return err
		}
		if err := absent(w, KindEnvironment, in.Name, "name"); err != nil {
			return err
		}
		in.CreatedAt = w.now
		return w.put(event{Type: "env.create", Kind: KindEnvironment, Key: in.Name, Env: in.Name, Doc: in})
	})
	return in, err
}

// Environments lists the environments in which p may read anything.
func (s *Service) Environments(ctx context.Context, p Principal) ([]Environment, error) {
	var out []Environment
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Environment](tx, KindEnvironment, "")
		out = slices.DeleteFunc(all, func(e Environment) bool { return !p.readsIn(e.Name) })
		slices.SortStableFunc(out, func(a, b Environment) int { return cmp.Compare(a.SortOrder, b.SortOrder) })
		return err
	})
	return out, err
}
