package unleash

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// advancedDoc is Unleash's advancedPlaygroundRequestSchema, in, and out as its
// input.
type advancedDoc struct {
	Environments []string       `json:"environments"`
	Projects     projectList    `json:"projects"`
	Context      map[string]any `json:"context"`
}

// advancedFlag is Unleash's advancedPlaygroundFeatureSchema: a flag's results by
// environment, one for each context.
type advancedFlag struct {
	Name         string                    `json:"name"`
	ProjectID    string                    `json:"projectId"`
	Environments map[string][]advancedCell `json:"environments"`
}

// advancedCell is Unleash's advancedPlaygroundEnvironmentFeatureSchema.
type advancedCell struct {
	triedFlag

	Environment string            `json:"environment"`
	Context     map[string]string `json:"context"` // flat
}

// advancedPlayground answers POST /api/admin/playground/advanced: every flag in
// several environments, for every combination of the comma-separated values of
// a context. Properties that are no text are named in a warning and left out.
func (a *API) advancedPlayground(w http.ResponseWriter, r *http.Request) error {
	var in advancedDoc
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if len(in.Environments) == 0 {
		return control.Invalidf("environments", "must name at least one environment")
	}
	axes, invalid := axesOf(in.Context)
	flat, err := combine(axes)
	if err != nil {
		return err
	}
	contexts := make([]eval.Context, len(flat))
	for i, one := range flat {
		if contexts[i], err = subjectOf(anyValues(one)); err != nil {
			return err
		}
	}
	found, err := a.service.Playground(r.Context(), caller(r), control.Playground{
		Environments: slices.Compact(slices.Sorted(slices.Values(in.Environments))), Projects: in.Projects, Contexts: contexts,
	})
	if err != nil {
		return err
	}
	out := struct {
		Input    advancedDoc    `json:"input"`
		Features []advancedFlag `json:"features"`
		Warnings struct {
			Invalid []string `json:"invalidContextProperties,omitempty"`
		} `json:"warnings"`
	}{Input: in, Features: gather(found, flat)}
	out.Warnings.Invalid = invalid
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// axis is one field of a context with the values that it is to have in turn.
type axis struct {
	name   string
	values []string
}

// axesOf reads the fields of a context, its properties among them, in the order
// of their names, and those that are no text.
func axesOf(in map[string]any) (axes []axis, invalid []string) {
	all := maps.Clone(in)
	delete(all, "properties")
	if properties, ok := in["properties"].(map[string]any); ok {
		for name, value := range properties {
			if _, standard := all[name]; !standard {
				all[name] = value
			}
		}
	} else if in["properties"] != nil {
		invalid = append(invalid, "properties")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text, err := plainText(name, all[name])
		if err != nil {
			invalid = append(invalid, name)
			continue
		}
		one := axis{name: name}
		for v := range strings.SplitSeq(text, ",") {
			if v = strings.TrimSpace(v); v != "" && !slices.Contains(one.values, v) {
				one.values = append(one.values, v)
			}
		}
		if len(one.values) > 0 {
			axes = append(axes, one)
		}
	}
	return axes, invalid
}

// maxContexts is the most combinations of one request.
const maxContexts = 1000

// combine returns every combination of the values, the last field's changing
// fastest.
func combine(axes []axis) ([]map[string]string, error) {
	out := []map[string]string{{}}
	for _, one := range axes {
		if len(out)*len(one.values) > maxContexts {
			return nil, control.Invalidf("context", "has more than %d combinations of values: name fewer", maxContexts)
		}
		next := make([]map[string]string, 0, len(out)*len(one.values))
		for _, before := range out {
			for _, v := range one.values {
				c := maps.Clone(before)
				c[one.name] = v
				next = append(next, c)
			}
		}
		out = next
	}
	return out, nil
}

func anyValues(in map[string]string) map[string]any {
	out := make(map[string]any, len(in))
	for key, value := range in {
		out[key] = value
	}
	return out
}

// gather puts together what belongs to one flag: the trials of one follow one
// another.
func gather(found []control.FlagTrial, contexts []map[string]string) []advancedFlag {
	out := []advancedFlag{}
	for _, t := range found {
		if len(out) == 0 || out[len(out)-1].Name != t.Flag {
			out = append(out, advancedFlag{t.Flag, t.Project, map[string][]advancedCell{}})
		}
		cells := out[len(out)-1].Environments
		cells[t.Environment] = append(cells[t.Environment], advancedCell{toTriedFlag(t), t.Environment, contexts[t.Context]})
	}
	return out
}
