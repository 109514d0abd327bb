package control

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// KindApplication is the kind of an ApplicationCard; its key is the
// application's name.
const KindApplication ResourceKind = "application"

// ApplicationCard is what a person has said of an application, or that all it
// reported until some moment is to be forgotten.
type ApplicationCard struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	URL         string     `json:"url,omitempty"`
	Color       string     `json:"color,omitempty"`
	Icon        string     `json:"icon,omitempty"`
	ForgottenAt *time.Time `json:"forgottenAt,omitempty"`
}

// instanceAge is how long after its last word an instance counts as running.
const instanceAge = 24 * time.Hour

// Application is something that asks about flags, by the name it gives itself.
type Application struct {
	ApplicationCard

	Flags      []string // that it asked about, by name
	Projects   []string // of those flags, that the reader may read
	Strategies []string // that its instances can evaluate, as they registered
	Instances  []Instance
	Use        []FlagUse // of flags that the reader may read
	Unknown    []UnknownUse
	LastSeenAt time.Time
}

// Environments are those that an application was seen in, by name.
func (a Application) Environments() []string {
	var out []string
	for _, i := range a.Instances {
		out = append(out, i.Environment)
	}
	for _, u := range a.Use {
		out = append(out, u.Environment)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// MissingStrategies are those that the application can evaluate and this server
// does not have.
func (a Application) MissingStrategies() []string {
	return slices.DeleteFunc(slices.Clone(a.Strategies), func(name string) bool { return slices.Contains(strategyNames, name) })
}

// Running are the instances in an environment that were heard of in the last
// day.
func (a Application) Running(environment string, now time.Time) []Instance {
	return slices.DeleteFunc(slices.Clone(a.Instances), func(i Instance) bool {
		return i.Environment != environment || now.Sub(i.SeenAt) > instanceAge
	})
}

// Applications returns what has asked about flags, by name: all of it where
// name is empty. Whoever may not read a project is not told who uses its flags.
func (s *Service) Applications(ctx context.Context, p Principal, name string) ([]Application, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	flags, cards, err := s.known(ctx)
	if err != nil || s.usage == nil {
		return nil, err
	}
	a := &applications{p: p, only: name, flags: flags, cards: cards, found: map[string]*Application{}}
	uses, err := s.usage.FlagUses(ctx, UseFilter{App: name})
	if err != nil {
		return nil, err
	}
	a.addUses(uses)
	instances, err := s.usage.Instances(ctx, "", time.Time{})
	if err != nil {
		return nil, err
	}
	a.addInstances(instances)
	unknown, err := s.usage.UnknownUses(ctx)
	if err != nil {
		return nil, err
	}
	a.addUnknown(unknown)
	return a.all(), nil
}

// Application returns one application, or an Error of Kind NotFound.
func (s *Service) Application(ctx context.Context, p Principal, name string) (Application, error) {
	all, err := s.Applications(ctx, p, name)
	if err == nil && (name == "" || len(all) == 0) {
		err = Errorf(NotFound, "not_found", "there is no application %q", name)
	}
	if err != nil {
		return Application{}, err
	}
	return all[0], nil
}

// known reads the flags and what is said of applications, by name.
func (s *Service) known(ctx context.Context) (map[string]Flag, map[string]ApplicationCard, error) {
	flags, cards := map[string]Flag{}, map[string]ApplicationCard{}
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Flag](tx, KindFlag, "")
		if err != nil {
			return err
		}
		for _, f := range all {
			flags[f.Name] = f
		}
		said, err := list[ApplicationCard](tx, KindApplication, "")
		for _, c := range said {
			cards[c.Name] = c
		}
		return err
	})
	return flags, cards, err
}

// applications puts together what is reported of each.
type applications struct {
	p     Principal
	only  string
	flags map[string]Flag
	cards map[string]ApplicationCard
	found map[string]*Application
}

// of returns an application that was seen at a moment, nil where that is to be
// forgotten.
func (a *applications) of(name string, seen time.Time) *Application {
	card := a.cards[name]
	if a.only != "" && name != a.only || card.ForgottenAt != nil && !seen.After(*card.ForgottenAt) {
		return nil
	}
	app := a.found[name]
	if app == nil {
		card.Name, card.ForgottenAt = name, nil
		app = &Application{ApplicationCard: card}
		a.found[name] = app
	}
	app.LastSeenAt = latest(app.LastSeenAt, seen)
	return app
}

func (a *applications) addUses(uses []FlagUse) {
	for _, u := range uses {
		f, exists := a.flags[u.Flag]
		if !exists || a.p.May(PermRead, Scope{Project: f.Project}) != nil {
			continue
		}
		if app := a.of(u.App, u.SeenAt); app != nil {
			app.Use = append(app.Use, u)
			app.Flags = append(app.Flags, u.Flag)
			app.Projects = append(app.Projects, f.Project)
		}
	}
}

func (a *applications) addInstances(instances []Instance) {
	for _, i := range instances {
		if app := a.of(i.App, i.SeenAt); app != nil {
			app.Instances = append(app.Instances, i)
			app.Strategies = append(app.Strategies, i.Strategies...)
		}
	}
}

func (a *applications) addUnknown(unknown []UnknownUse) {
	for _, u := range unknown {
		if f, exists := a.flags[u.Flag]; exists && f.ArchivedAt == nil {
			continue
		}
		if app := a.of(u.App, u.SeenAt); app != nil {
			app.Unknown = append(app.Unknown, u)
		}
	}
}

// all returns the applications by name.
func (a *applications) all() []Application {
	out := make([]Application, 0, len(a.found))
	for _, name := range slices.Sorted(maps.Keys(a.found)) {
		app := *a.found[name]
		for _, names := range []*[]string{&app.Flags, &app.Projects, &app.Strategies} {
			slices.Sort(*names)
			*names = slices.Compact(*names)
		}
		out = append(out, app)
	}
	return out
}

// maxCard bounds each text of an ApplicationCard, in bytes.
const maxCard = 1000

// DescribeApplication says what an application is. It need not have been seen.
func (s *Service) DescribeApplication(ctx context.Context, p Principal, in ApplicationCard) error {
	if in.Name == "" || strings.Contains(in.Name, "\x00") || len(in.Name) > maxCard {
		return Invalidf("appName", "must be 1 to %d bytes of text", maxCard)
	}
	for field, text := range map[string]string{"description": in.Description, "url": in.URL, "color": in.Color, "icon": in.Icon} {
		if len(text) > maxCard {
			return Invalidf(field, "must not be longer than %d bytes", maxCard)
		}
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermAppWrite); err != nil {
			return err
		}
		old, err := get[ApplicationCard](w, KindApplication, in.Name)
		if err := present(err); err != nil {
			return err
		}
		in.ForgottenAt = old.ForgottenAt
		return w.put(event{Type: "application.update", Kind: KindApplication, Key: in.Name, Doc: in})
	})
}

// ForgetApplication removes all that an application has reported until now. One
// that goes on to report is there again.
func (s *Service) ForgetApplication(ctx context.Context, p Principal, name string) error {
	if _, err := s.Application(ctx, p, name); err != nil {
		return err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermAppWrite); err != nil {
			return err
		}
		card := ApplicationCard{Name: name, ForgottenAt: &w.now}
		return w.put(event{Type: "application.delete", Kind: KindApplication, Key: name, Doc: card})
	})
	if err != nil {
		return err
	}
	return s.usage.ForgetApp(ctx, name)
}
