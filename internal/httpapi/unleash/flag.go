package unleash

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// flagDoc is Unleash's featureSchema, as far as it is known here.
type flagDoc struct {
	Name           string            `json:"name"`
	Type           string            `json:"type"`
	Description    string            `json:"description"`
	Project        string            `json:"project"`
	Stale          bool              `json:"stale"`
	ImpressionData bool              `json:"impressionData"`
	Archived       bool              `json:"archived"`
	Favorite       bool              `json:"favorite"`
	CreatedAt      time.Time         `json:"createdAt"`
	ArchivedAt     *time.Time        `json:"archivedAt"`
	Environments   []flagEnvDoc      `json:"environments,omitempty"`
	Tags           []tagDoc          `json:"tags"`
	Links          []linkDoc         `json:"links"`
	Dependencies   []eval.Dependency `json:"dependencies"`
	Children       []string          `json:"children"`
	LastSeenAt     *time.Time        `json:"lastSeenAt,omitempty"`
	Lifecycle      *stageDoc         `json:"lifecycle,omitempty"`
}

// flagEnvDoc is Unleash's featureEnvironmentSchema.
type flagEnvDoc struct {
	Name                 string                 `json:"name"`
	FeatureName          string                 `json:"featureName"`
	Environment          string                 `json:"environment"`
	Type                 string                 `json:"type"`
	Enabled              bool                   `json:"enabled"`
	SortOrder            int                    `json:"sortOrder"`
	Strategies           []strategyDoc          `json:"strategies"`
	Variants             []eval.WeightedVariant `json:"variants"`
	VariantCount         int                    `json:"variantCount"`
	HasStrategies        bool                   `json:"hasStrategies"`
	HasEnabledStrategies bool                   `json:"hasEnabledStrategies"`
	LastSeenAt           *time.Time             `json:"lastSeenAt"`
}

// toFlag shows a flag without its environments. What is not known here has the
// value that Unleash gives to a new flag.
func toFlag(f control.Flag) flagDoc {
	return flagDoc{
		Name: f.Name, Type: f.Type, Description: f.Description, Project: f.Project, Stale: f.Stale,
		ImpressionData: f.ImpressionData, CreatedAt: f.CreatedAt, Archived: f.ArchivedAt != nil, ArchivedAt: f.ArchivedAt,
		Tags: each(f.Tags, toTag), Links: each(f.Links, linkOf(f.Name)), Dependencies: orEmpty(f.Dependencies), Children: []string{},
	}
}

func toFlagEnv(fe control.FlagEnv, e control.Environment) flagEnvDoc {
	return flagEnvDoc{
		Name: fe.Environment, FeatureName: fe.Flag, Environment: fe.Environment,
		Type: e.Type, Enabled: fe.Enabled, SortOrder: e.SortOrder,
		Strategies: toStrategies(fe), Variants: orEmpty(fe.Variants), VariantCount: len(fe.Variants),
		HasStrategies:        len(fe.Strategies) > 0,
		HasEnabledStrategies: slices.ContainsFunc(fe.Strategies, func(s control.Strategy) bool { return !s.Disabled }),
	}
}

// flags answers GET .../features: the project's flags by name, without their
// configuration in environments.
func (a *API) flags(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Flags(r.Context(), httpapi.CallerOf(r.Context()).Principal, r.PathValue("project"))
	if err != nil {
		return err
	}
	out := struct {
		Version  int       `json:"version"`
		Features []flagDoc `json:"features"`
	}{2, each(all, toFlag)}
	return httpapi.WriteJSON(w, http.StatusOK, out)
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
	return httpapi.WriteJSON(w, http.StatusCreated, toFlag(f))
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
	types, err := a.environmentsByName(r.Context())
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toFlagEnv(fe, types[fe.Environment]))
}

// writeFlag answers with a flag and all that is configured for it.
func (a *API) writeFlag(w http.ResponseWriter, r *http.Request, status int, view control.FlagView) error {
	types, err := a.environmentsByName(r.Context())
	if err != nil {
		return err
	}
	out := toFlagView(view, types)
	out.Children = orEmpty(view.Children)
	return httpapi.WriteJSON(w, status, out)
}

// toFlagView shows a flag with its environments, its stage and its use.
func toFlagView(view control.FlagView, types map[string]control.Environment) flagDoc {
	out := toFlag(view.Flag)
	out.Favorite, out.LastSeenAt = view.Favorite, seenDoc(view.LastSeenAt())
	if len(view.Stages) > 0 {
		out.Lifecycle = new(toStage(view.Stages[len(view.Stages)-1]))
	}
	for _, fe := range view.Environments {
		doc := toFlagEnv(fe, types[fe.Environment])
		doc.LastSeenAt = seenDoc(view.SeenAt[fe.Environment])
		out.Environments = append(out.Environments, doc)
	}
	return out
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
