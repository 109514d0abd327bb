package unleash

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// flagDoc is Unleash's featureSchema as GET answers it: with all that is
// configured for the flag.
type flagDoc struct {
	writtenDoc

	Environments  []flagStateDoc   `json:"environments"`
	CreatedBy     creatorDoc       `json:"createdBy"`
	Collaborators collaboratorsDoc `json:"collaborators"`
	Lifecycle     *stageDoc        `json:"lifecycle,omitempty"`
	LastSeenAt    *time.Time       `json:"lastSeenAt,omitempty"`
	Links         []linkDoc        `json:"links"`
	Dependencies  []dependencyDoc  `json:"dependencies"`
	Children      []string         `json:"children"`
}

// collaboratorsDoc is who has worked on a flag: its creator, and beyond that
// see its events.
type collaboratorsDoc struct {
	Users []creatorDoc `json:"users"`
}

// dependencyDoc is a dependency whose variants are a list, of none at least.
type dependencyDoc struct {
	eval.Dependency

	Variants []string `json:"variants"`
}

func toDependency(d eval.Dependency) dependencyDoc { return dependencyDoc{d, orEmpty(d.Variants)} }

// writtenDoc is what the featureSchema has where a flag was written: what the
// flag says of itself.
type writtenDoc struct {
	Name           string    `json:"name"`
	Description    *string   `json:"description"`
	Type           string    `json:"type"`
	Project        string    `json:"project"`
	Stale          bool      `json:"stale"`
	CreatedAt      time.Time `json:"createdAt"`
	ImpressionData bool      `json:"impressionData"`
	Archived       bool      `json:"archived"`
}

// listedDoc is one flag of a project's list.
type listedDoc struct {
	Name           string         `json:"name"`
	Type           string         `json:"type"`
	Description    *string        `json:"description"`
	Favorite       bool           `json:"favorite"`
	CreatedAt      time.Time      `json:"createdAt"`
	Stale          bool           `json:"stale"`
	ImpressionData bool           `json:"impressionData"`
	Tags           []coloredTag   `json:"tags,omitempty"`
	Environments   []listedEnvDoc `json:"environments"`
}

// envDoc is what every list of a flag's environments has of one.
type envDoc struct {
	Name       string     `json:"name"`
	Enabled    bool       `json:"enabled"`
	Type       string     `json:"type"`
	SortOrder  int        `json:"sortOrder"`
	LastSeenAt *time.Time `json:"lastSeenAt"`
}

// flagStateDoc is one environment of a flag that is shown in full.
type flagStateDoc struct {
	envDoc

	Yes        int64         `json:"yes"`
	No         int64         `json:"no"`
	Strategies []strategyDoc `json:"strategies"`
}

// listedEnvDoc is one environment of a flag in a list.
type listedEnvDoc struct {
	envDoc

	VariantCount         int  `json:"variantCount"`
	HasStrategies        bool `json:"hasStrategies"`
	HasEnabledStrategies bool `json:"hasEnabledStrategies"`
}

// flagEnvDoc is what GET .../environments/{environment} answers, whose name is
// the flag's.
type flagEnvDoc struct {
	Name        string            `json:"name"`
	Environment string            `json:"environment"`
	Enabled     bool              `json:"enabled"`
	Strategies  []flagStrategyDoc `json:"strategies"`
}

func toWritten(f control.Flag) writtenDoc {
	return writtenDoc{
		Name: f.Name, Description: orNull(f.Description), Type: f.Type, Project: f.Project, Stale: f.Stale,
		CreatedAt: f.CreatedAt, ImpressionData: f.ImpressionData, Archived: f.ArchivedAt != nil,
	}
}

// toFlag shows a flag with its environments, in their order.
func toFlag(view control.FlagView, environments map[string]control.Environment) flagDoc {
	out := flagDoc{
		writtenDoc: toWritten(view.Flag), Environments: []flagStateDoc{}, CreatedBy: creatorDoc{Name: view.CreatedBy},
		Collaborators: collaboratorsDoc{[]creatorDoc{{Name: view.CreatedBy}}},
		LastSeenAt:    seenDoc(view.LastSeenAt()),
		Links:         each(view.Links, linkOf(view.Name)), Dependencies: each(view.Dependencies, toDependency), Children: orEmpty(view.Children),
	}
	if len(view.Stages) > 0 {
		out.Lifecycle = new(toStage(view.Stages[len(view.Stages)-1]))
	}
	for _, fe := range inOrder(view.Environments, environments) {
		out.Environments = append(out.Environments, flagStateDoc{
			envDoc: toEnv(fe, environments, view.SeenAt), Strategies: toStrategies(fe),
		})
	}
	return out
}

// lists is what flags in a list are shown with.
type lists struct {
	environments map[string]control.Environment
	tagTypes     []control.TagType
}

func (a *API) lists(r *http.Request) (lists, error) {
	environments, err := a.environmentsByName(r.Context())
	if err != nil {
		return lists{}, err
	}
	types, err := a.service.TagTypes(r.Context(), caller(r))
	return lists{environments, types}, err
}

func (l lists) toListed(view control.FlagView) listedDoc {
	return listedDoc{
		Name: view.Name, Type: view.Type, Description: orNull(view.Description), CreatedAt: view.CreatedAt, Stale: view.Stale, Favorite: view.Favorite,
		ImpressionData: view.ImpressionData, Tags: each(view.Tags, colored(l.tagTypes)),
		Environments: each(inOrder(view.Environments, l.environments), func(fe control.FlagEnv) listedEnvDoc { return toListedEnv(fe, l.environments, view.SeenAt) }),
	}
}

func toEnv(fe control.FlagEnv, environments map[string]control.Environment, seen map[string]time.Time) envDoc {
	e := environments[fe.Environment]
	return envDoc{Name: fe.Environment, Enabled: fe.Enabled, Type: e.Type, SortOrder: e.SortOrder, LastSeenAt: seenDoc(seen[fe.Environment])}
}

func toListedEnv(fe control.FlagEnv, environments map[string]control.Environment, seen map[string]time.Time) listedEnvDoc {
	return listedEnvDoc{
		envDoc: toEnv(fe, environments, seen), VariantCount: len(fe.Variants), HasStrategies: len(fe.Strategies) > 0,
		HasEnabledStrategies: slices.ContainsFunc(fe.Strategies, func(s control.Strategy) bool { return !s.Disabled }),
	}
}

// inOrder returns a flag's environments as people have ordered them.
func inOrder(all []control.FlagEnv, environments map[string]control.Environment) []control.FlagEnv {
	return slices.SortedStableFunc(slices.Values(all), func(a, b control.FlagEnv) int {
		return cmp.Compare(environments[a.Environment].SortOrder, environments[b.Environment].SortOrder)
	})
}

// flags answers GET .../features: the project's flags by name.
func (a *API) flags(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.FlagViews(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	return a.writeFlags(w, r, all)
}

// createFlag answers POST .../features. The flag is off everywhere.
func (a *API) createFlag(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name           string   `json:"name"`
		Type           string   `json:"type"`
		Description    string   `json:"description"`
		ImpressionData bool     `json:"impressionData"`
		Tags           []tagDoc `json:"tags"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	project, p := r.PathValue("project"), httpapi.CallerOf(r.Context()).Principal
	f, err := a.service.CreateFlag(r.Context(), p, control.Flag{
		Name: in.Name, Project: project, Type: in.Type, Description: in.Description, ImpressionData: in.ImpressionData,
		Tags: each(in.Tags, fromTag),
	})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusCreated, toWritten(f))
}

// flag answers GET .../features/{feature}, with every environment and strategy.
func (a *API) flag(w http.ResponseWriter, r *http.Request) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	return a.writeFlag(w, r, http.StatusOK, view)
}

// flagEnvironment answers GET .../environments/{environment}.
func (a *API) flagEnvironment(w http.ResponseWriter, r *http.Request) error {
	fe, err := a.configured(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, flagEnvDoc{
		Name: fe.Flag, Environment: fe.Environment, Enabled: fe.Enabled, Strategies: toFlagStrategies(fe),
	})
}

// writeFlag answers with a flag and all that is configured for it.
func (a *API) writeFlag(w http.ResponseWriter, r *http.Request, status int, view control.FlagView) error {
	environments, err := a.environmentsByName(r.Context())
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, status, toFlag(view, environments))
}

// writeFlags answers with a list of flags.
func (a *API) writeFlags(w http.ResponseWriter, r *http.Request, all []control.FlagView) error {
	l, err := a.lists(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version  int         `json:"version"`
		Features []listedDoc `json:"features"`
	}{2, each(all, l.toListed)})
}

// environmentsByName serves the types that a flag's environments are shown
// with, to whoever may see the flag.
func (a *API) environmentsByName(ctx context.Context) (map[string]control.Environment, error) {
	all, err := a.service.Environments(ctx, httpapi.CallerOf(ctx).Principal)
	out := make(map[string]control.Environment, len(all))
	for _, e := range all {
		out[e.Name] = e
	}
	return out, err
}

// ref names what the path of a request names.
func ref(r *http.Request) control.Ref {
	return control.Ref{Project: r.PathValue("project"), Flag: r.PathValue("feature"), Environment: r.PathValue("environment")}
}

// view reads the flag that the path names.
func (a *API) view(r *http.Request) (control.FlagView, error) {
	at := ref(r)
	return a.service.Flag(r.Context(), httpapi.CallerOf(r.Context()).Principal, at.Project, at.Flag)
}

// configured returns the flag's configuration in the environment of the path.
func (a *API) configured(r *http.Request) (control.FlagEnv, error) {
	view, err := a.view(r)
	if err != nil {
		return control.FlagEnv{}, err
	}
	at := ref(r)
	i := slices.IndexFunc(view.Environments, func(fe control.FlagEnv) bool { return fe.Environment == at.Environment })
	if i < 0 {
		return control.FlagEnv{}, control.Errorf(control.NotFound, "not_found", "project %q is not served in an environment %q", at.Project, at.Environment)
	}
	return view.Environments[i], nil
}

// orEmpty makes [] of what would be null: Unleash's lists are never null, and
// its typed clients insist on that.
func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// deref returns what a member of a body says, "" for null and for none.
func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
