package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/sdk/eval"
)

// Flag is what is true of a flag in every environment.
type Flag struct {
	Name           string    `json:"name"`
	Project        string    `json:"project"`
	Type           string    `json:"type"`
	Description    string    `json:"description,omitempty"`
	ImpressionData bool      `json:"impressionData"`
	Stale          bool      `json:"stale"`
	CreatedAt      time.Time `json:"createdAt"`
	CreatedBy      string    `json:"createdBy,omitempty"` // the principal's id

	// Owner is the person who answers for the flag, LifetimeDays how long it is
	// needed, and Risk how much harm it can do. A flag made by an agent has all.
	Owner        string `json:"owner,omitempty"`
	LifetimeDays int    `json:"lifetimeDays,omitempty"` // 0: that of its type
	Risk         Risk   `json:"risk,omitempty"`

	// ArchivedAt is when the flag was taken out of service: it is served to
	// nobody, and its name stays taken until it is deleted.
	ArchivedAt *time.Time `json:"archivedAt,omitempty"`

	// RevivedAt is when it was last put back into service, nil where it never
	// was out of it: its life begins anew.
	RevivedAt *time.Time `json:"revivedAt,omitempty"`

	// Dependencies are the parents whose state this flag needs, by name: in the
	// same project, in service, and without parents of their own.
	Dependencies []eval.Dependency `json:"dependencies,omitempty"`

	Tags  []Tag  `json:"tags,omitempty"`  // by type and value, each once
	Links []Link `json:"links,omitempty"` // in the order in which they were added
}

// FlagEnv is a flag's configuration in one environment, as people made it.
// What a running release serves on top of it is the release's: see Serve.
type FlagEnv struct {
	Flag        string                 `json:"flag"`
	Environment string                 `json:"environment"`
	Enabled     bool                   `json:"enabled"`
	Strategies  []Strategy             `json:"strategies"`
	Variants    []eval.WeightedVariant `json:"variants,omitempty"`
}

// Strategy is one rule of a FlagEnv. Disabled ones are kept, and not served.
type Strategy struct {
	ID       string `json:"id"`
	Title    string `json:"title,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
	eval.Strategy
}

// CreateFlag adds a flag, off in every environment.
func (s *Service) CreateFlag(ctx context.Context, p Principal, in Flag) (Flag, error) {
	if err := checkName("name", in.Name); err != nil {
		return Flag{}, err
	}
	if in.Type == "" {
		in.Type = "release"
	}
	if err := checkFlagType(in.Type); err != nil {
		return Flag{}, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{Project: in.Project}, PermFlagCreate); err != nil {
			return err
		}
		if err := namable(w, in.Project, in.Name); err != nil {
			return err
		}
		var err error
		if in.Tags, err = settledTags(w, slices.Clone(in.Tags)); err != nil {
			return err
		}
		if in, err = w.answerable(in); err != nil {
			return err
		}
		if err := in.checkOwned(w); err != nil {
			return err
		}
		in.CreatedAt, in.CreatedBy = w.now, p.ID
		return w.put(event{Type: "flag.create", Kind: KindFlag, Key: in.Name, Project: in.Project, Doc: in})
	})
	return in, err
}

// FlagView is a flag with all that is configured for it.
type FlagView struct {
	Flag
	Environments []FlagEnv         // one for each of the project's environments
	Releases     map[string]string // running release by environment
	Children     []string          // flags that depend on this one

	Stages   []StageEntry         // what it has gone through, the last one being where it is
	SeenAt   map[string]time.Time // when it was last asked about, by environment
	Favorite bool                 // of the principal that reads it; of Service.Flag and SearchFlags only
}

// Stage is where the flag is.
func (v FlagView) Stage() Stage {
	if len(v.Stages) == 0 {
		return StageInitial
	}
	return v.Stages[len(v.Stages)-1].Stage
}

// LastSeenAt is when the flag was last asked about in any environment, the zero
// time where it never was.
func (v FlagView) LastSeenAt() time.Time {
	var out time.Time
	for _, at := range v.SeenAt {
		out = latest(out, at)
	}
	return out
}

// seenAt reads when a flag was last asked about, by environment.
func (s *Service) seenAt(ctx context.Context, f Flag) (map[string]time.Time, error) {
	uses, err := s.flagUses(ctx, UseFilter{Flag: f.Name})
	return lastSeen(f, uses[f.Name]), err
}

// Flag returns one flag of a project, with its environments.
func (s *Service) Flag(ctx context.Context, p Principal, project, flag string) (FlagView, error) {
	var out FlagView
	err := s.store.View(ctx, func(tx ReadTx) error {
		f, pr, err := flagOf(tx, project, flag)
		if err != nil {
			return err
		}
		if err := p.sees(Scope{Project: f.Project}, "flag", f.Name); err != nil {
			return err
		}
		if out, err = viewOf(tx, f, pr); err != nil {
			return err
		}
		if out.Children, err = childrenOf(tx, f); err != nil {
			return err
		}
		favorites, err := favoritesOf(tx, p)
		out.Favorite = favorites.flag(p, f)
		return err
	})
	if err == nil {
		out.SeenAt, err = s.seenAt(ctx, out.Flag)
	}
	return out, err
}

// Flags lists the flags of a project, or of all that p may read, by name.
// Archived ones are not among them.
func (s *Service) Flags(ctx context.Context, p Principal, project string) ([]Flag, error) {
	return s.flagsWhere(ctx, p, project, func(f Flag) bool { return f.ArchivedAt == nil })
}

func (s *Service) flagsWhere(ctx context.Context, p Principal, project string, keep func(Flag) bool) ([]Flag, error) {
	var out []Flag
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Flag](tx, KindFlag, project)
		out = slices.DeleteFunc(all, func(f Flag) bool {
			return !keep(f) || p.May(PermRead, Scope{Project: f.Project}) != nil
		})
		return err
	})
	return out, err
}

// Ref names one flag in one environment.
type Ref struct{ Project, Flag, Environment string }

func (r Ref) key() string  { return r.Environment + "/" + r.Flag }
func (r Ref) scope() Scope { return Scope{Project: r.Project, Environment: r.Environment} }

// SetEnabled switches a flag on or off in one environment. Off is urgent,
// needs a permission of its own, and ends a running release with a rollback.
// On, with no enabled strategy, adds a rollout to everyone, as Unleash does.
func (s *Service) SetEnabled(ctx context.Context, p Principal, ref Ref, on bool) (FlagView, error) {
	perm, typ, pri := PermToggleOff, "flag.env.disable", Urgent
	if on {
		perm, typ, pri = PermToggleOn, "flag.env.enable", Normal
	}
	return s.changeEnv(ctx, p, pri, perm, typ, ref, func(w *work, f projectFlag, fe *FlagEnv) error {
		if !on {
			fe.Enabled = false
			return w.stopRelease(ref)
		}
		return w.switchOn(ref, f, fe, false)
	})
}

// AddStrategy appends a strategy and returns it as stored, with its id.
func (s *Service) AddStrategy(ctx context.Context, p Principal, ref Ref, st Strategy) (Strategy, error) {
	_, err := s.changeEnv(ctx, p, Normal, PermRuleWrite, "rule.create", ref, func(w *work, f projectFlag, fe *FlagEnv) (err error) {
		if err := w.noRelease(ref); err != nil {
			return err
		}
		st, err = fe.add(w, f, st)
		return err
	})
	return st, err
}

// UpdateStrategy replaces the strategy that has st.ID.
func (s *Service) UpdateStrategy(ctx context.Context, p Principal, ref Ref, st Strategy) (Strategy, error) {
	_, err := s.changeEnv(ctx, p, Normal, PermRuleWrite, "rule.update", ref, func(w *work, f projectFlag, fe *FlagEnv) error {
		if err := w.noRelease(ref); err != nil {
			return err
		}
		i := fe.index(st.ID)
		if i < 0 {
			return Errorf(NotFound, "not_found", "there is no strategy %q", st.ID)
		}
		var err error
		st, err = st.settled(w, f, i)
		fe.Strategies[i] = st
		fe.settle()
		return err
	})
	return st, err
}

// DeleteStrategy removes a strategy. Where it was the last enabled one the
// environment is switched off: a flag without strategies is on for everyone.
func (s *Service) DeleteStrategy(ctx context.Context, p Principal, ref Ref, id string) error {
	_, err := s.changeEnv(ctx, p, Normal, PermRuleWrite, "rule.delete", ref, func(w *work, _ projectFlag, fe *FlagEnv) error {
		if err := w.noRelease(ref); err != nil {
			return err
		}
		i := fe.index(id)
		if i < 0 {
			return Errorf(NotFound, "not_found", "there is no strategy %q", id)
		}
		fe.Strategies = slices.Delete(fe.Strategies, i, i+1)
		fe.settle()
		return nil
	})
	return err
}

// projectFlag is a flag with the project that says how it is served.
type projectFlag struct {
	Flag
	project Project
}

// changeEnv reads a flag's configuration in one environment, lets change edit
// it, and writes it with its event, all in one transaction. A change that is
// shown to reduce exposure needs no more than PermToggleOff.
func (s *Service) changeEnv(ctx context.Context, p Principal, pri Priority, perm Permission, typ string, ref Ref,
	change func(w *work, f projectFlag, fe *FlagEnv) error,
) (FlagView, error) {
	var out FlagView
	err := s.write(ctx, p, pri, func(w *work) (err error) {
		out, err = w.changeEnv(perm, typ, ref, change)
		return err
	})
	return out, err
}

func (w *work) changeEnv(perm Permission, typ string, ref Ref,
	change func(w *work, f projectFlag, fe *FlagEnv) error,
) (FlagView, error) {
	f, pr, err := flagOf(w, ref.Project, ref.Flag)
	if err != nil {
		return FlagView{}, err
	}
	ref.Project = f.Project
	write := func() error { return w.editEnv(typ, ref, projectFlag{f, pr}, change) }
	if refusal := w.mayOn(ref.scope(), "flag", f.Name, perm, Permission(typ)); refusal != nil {
		err = w.reducing(ref, refusal, write)
	} else {
		err = write()
	}
	if err != nil {
		return FlagView{}, err
	}
	return viewOf(w, f, pr)
}

// editEnv carries out a change that is allowed.
func (w *work) editEnv(typ string, ref Ref, f projectFlag, change func(w *work, f projectFlag, fe *FlagEnv) error) error {
	if err := f.inService(); err != nil {
		return err
	}
	if !slices.Contains(f.project.Environments, ref.Environment) {
		return Errorf(NotFound, "not_served", "project %q is not served in an environment %q", ref.Project, ref.Environment)
	}
	fe, err := flagEnv(w, ref)
	if err != nil {
		return err
	}
	if err := change(w, f, &fe); err != nil {
		return err
	}
	return w.putEnv(typ, ref, fe, audit.Correlation{})
}

func (w *work) putEnv(typ string, ref Ref, fe FlagEnv, cause audit.Correlation) error {
	if !fe.Enabled && len(fe.Strategies) == 0 && len(fe.Variants) == 0 {
		if _, err := w.Resource(KindFlagEnv, ref.key()); KindOf(err) == NotFound {
			return nil
		}
	}
	return w.put(event{
		Type: typ, Kind: KindFlagEnv, Key: ref.key(),
		Project: ref.Project, Env: ref.Environment, Doc: fe, Cause: cause,
	})
}

// flagOf reads a flag and its project. An empty project means whichever the
// flag is in: names are unique in an installation.
func flagOf(tx ReadTx, project, flag string) (Flag, Project, error) {
	if project != "" {
		if _, err := get[Project](tx, KindProject, project); err != nil {
			return Flag{}, Project{}, asMissing(err, "project", project)
		}
	}
	f, err := get[Flag](tx, KindFlag, flag)
	if err == nil && project != "" && f.Project != project {
		err = Errorf(NotFound, "not_found", "flag %q is not in project %q", flag, project)
	}
	if err != nil {
		return Flag{}, Project{}, asMissing(err, "flag", flag)
	}
	pr, err := get[Project](tx, KindProject, f.Project)
	return f, pr, err
}

// flagEnv returns the configuration, empty and off where there is none yet.
func flagEnv(tx ReadTx, ref Ref) (FlagEnv, error) {
	fe, err := get[FlagEnv](tx, KindFlagEnv, ref.key())
	if err != nil && KindOf(err) == NotFound {
		return FlagEnv{Flag: ref.Flag, Environment: ref.Environment, Strategies: []Strategy{}}, nil
	}
	return fe, err
}

func viewOf(tx ReadTx, f Flag, pr Project) (FlagView, error) {
	out := FlagView{Flag: f, Releases: map[string]string{}}
	for _, env := range pr.Environments {
		ref := Ref{f.Project, f.Name, env}
		fe, err := flagEnv(tx, ref)
		if err != nil {
			return FlagView{}, err
		}
		out.Environments = append(out.Environments, fe)
	}
	life, err := lifecycleOf(tx, f)
	if err != nil {
		return FlagView{}, err
	}
	out.Stages = life.Stages(f)
	open, err := list[Release](tx, KindRelease, releasesOpen)
	for _, r := range open {
		if _, in := r.Builds()[f.Name]; in {
			out.Releases[r.Environment] = r.ID
		}
	}
	return out, err
}

func (fe *FlagEnv) index(id string) int {
	return slices.IndexFunc(fe.Strategies, func(s Strategy) bool { return s.ID == id })
}

// enabled returns the strategies that are served, in order.
func (fe *FlagEnv) enabled() []eval.Strategy {
	out := []eval.Strategy{}
	for _, s := range fe.Strategies {
		if !s.Disabled {
			out = append(out, s.Strategy)
		}
	}
	return out
}

// settle switches the environment off where no enabled strategy is left.
func (fe *FlagEnv) settle() {
	if len(fe.enabled()) == 0 {
		fe.Enabled = false
	}
}

// add appends a strategy, with an id of its own, and returns it as stored.
func (fe *FlagEnv) add(w *work, f projectFlag, st Strategy) (Strategy, error) {
	st.ID = newID("str-", w.now)
	st, err := st.settled(w, f, len(fe.Strategies))
	fe.Strategies = append(fe.Strategies, st)
	return st, err
}

// KillFlag switches a flag off in every environment and rolls back its
// releases, in one transaction.
func (s *Service) KillFlag(ctx context.Context, p Principal, flag string) (FlagView, error) {
	var out FlagView
	err := s.write(ctx, p, Urgent, func(w *work) error {
		f, pr, err := flagOf(w, "", flag)
		if err != nil {
			return err
		}
		for _, env := range pr.Environments {
			ref := Ref{f.Project, flag, env}
			if err := w.mayOn(ref.scope(), "flag", flag, PermToggleOff); err != nil {
				return err
			}
			if err := w.switchOff(ref); err != nil {
				return err
			}
		}
		out, err = viewOf(w, f, pr)
		return err
	})
	return out, err
}

func (w *work) switchOff(ref Ref) error {
	fe, err := flagEnv(w, ref)
	if err != nil {
		return err
	}
	if err := w.stopRelease(ref); err != nil || !fe.Enabled {
		return err
	}
	fe.Enabled = false
	return w.putEnv("flag.env.disable", ref, fe, audit.Correlation{})
}
