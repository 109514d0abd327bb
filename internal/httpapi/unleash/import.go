package unleash

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// importDoc is Unleash's importTogglesSchema.
type importDoc struct {
	Project     string     `json:"project"`
	Environment string     `json:"environment"`
	Data        *exportDoc `json:"data"`
}

// importBody is lenient, since an export of another version of Unleash's holds
// more than is known here.
var importBody = httpapi.Body{Limit: 8 * httpapi.MiB, Lenient: true}

func readImport(w http.ResponseWriter, r *http.Request) (control.Import, error) {
	var in importDoc
	if err := importBody.Decode(w, r, &in); err != nil {
		return control.Import{}, err
	}
	switch {
	case in.Project == "":
		return control.Import{}, control.Invalidf("project", "is missing: name the one to import into")
	case in.Environment == "":
		return control.Import{}, control.Invalidf("environment", "is missing: name the one to import into")
	case in.Data == nil || in.Data.Features == nil:
		return control.Import{}, control.Invalidf("data.features", "is missing: send what features-batch/export answers with")
	}
	return fromExport(in), nil
}

// fromExport puts together what belongs to one flag. An export has one
// environment, under whatever name.
func fromExport(in importDoc) control.Import {
	out := control.Import{
		Project: in.Project, Environment: in.Environment,
		ContextFields: each(in.Data.ContextFields, fromExportField), TagTypes: each(in.Data.TagTypes, tagTypeDoc.tagType),
	}
	byName := map[string]*control.ImportFlag{}
	out.Flags = make([]control.ImportFlag, len(in.Data.Features))
	for i, f := range in.Data.Features {
		out.Flags[i] = control.ImportFlag{
			FlagSpec: control.FlagSpec{Name: f.Name, Type: f.Type, Description: f.Description, ImpressionData: f.ImpressionData},
			Archived: f.Archived, Stale: f.Stale,
		}
		byName[f.Name] = &out.Flags[i]
	}
	envs := configurations(*in.Data)
	for name, f := range byName {
		f.Environments = map[string]control.EnvSpec{in.Environment: envs[name]}
	}
	for _, t := range in.Data.FeatureTags {
		if f := byName[t.FeatureName]; f != nil {
			f.Tags = append(f.Tags, control.Tag{Type: cmp.Or(t.TagType, "simple"), Value: t.TagValue})
		}
	}
	for _, d := range in.Data.Dependencies {
		if f := byName[d.Feature]; f != nil {
			f.Parents = d.Dependencies
		}
	}
	for _, l := range in.Data.Links {
		if f := byName[l.Feature]; f != nil {
			f.Links = each(l.Links, func(l linkDoc) control.Link { return control.Link{URL: l.URL, Title: l.Title} })
		}
	}
	return out
}

// configurations returns what each flag of an export has in its environment.
func configurations(data exportDoc) map[string]control.EnvSpec {
	segments := map[int]string{}
	for _, s := range data.Segments {
		segments[s.ID] = s.Name
	}
	out := map[string]control.EnvSpec{}
	for _, fe := range data.FeatureEnvironments {
		out[fe.FeatureName] = control.EnvSpec{Enabled: fe.Enabled, Variants: fe.Variants}
	}
	strategies := slices.Clone(data.FeatureStrategies)
	slices.SortStableFunc(strategies, func(a, b strategyDoc) int { return cmp.Compare(a.SortOrder, b.SortOrder) })
	for _, st := range strategies {
		env := out[st.FeatureName]
		spec := control.StrategySpec{
			Name: st.Name, Title: deref(st.Title), Disabled: st.Disabled, Parameters: st.Parameters, Variants: st.Variants,
			Constraints: each(st.Constraints, func(c constraintDoc) control.ConstraintSpec { return control.ConstraintSpec(c) }),
		}
		for _, id := range st.Segments {
			spec.Segments = append(spec.Segments, cmp.Or(segments[id], fmt.Sprintf("#%d", id)))
		}
		env.Strategies = append(env.Strategies, spec)
		out[st.FeatureName] = env
	}
	return out
}

func fromExportField(f exportField) control.ContextField {
	return control.ContextField{
		Name: f.Name, Description: f.Description, Stickiness: f.Stickiness, SortOrder: f.SortOrder,
		LegalValues: each(f.LegalValues, fromLegalValue),
	}
}

// importNote is Unleash's importTogglesValidateItemSchema.
type importNote struct {
	Message       string   `json:"message"`
	AffectedItems []string `json:"affectedItems"`
}

func toImportNote(n control.ImportNote) importNote { return importNote{n.Message, orEmpty(n.Items)} }

// checkImport answers POST /api/admin/features-batch/validate: what an import
// of the same body would refuse.
func (a *API) checkImport(w http.ResponseWriter, r *http.Request) error {
	in, err := readImport(w, r)
	if err != nil {
		return err
	}
	report, err := a.service.CheckImport(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Errors      []importNote `json:"errors"`
		Warnings    []importNote `json:"warnings"`
		Permissions []importNote `json:"permissions"`
	}{each(report.Errors, toImportNote), each(report.Warnings, toImportNote), each(report.Permissions, toImportNote)})
}

// importFlags answers POST /api/admin/features-batch/import with 200 and no
// body: all of it, or nothing.
func (a *API) importFlags(w http.ResponseWriter, r *http.Request) error {
	in, err := readImport(w, r)
	if err != nil {
		return err
	}
	return a.service.ImportFlags(r.Context(), caller(r), in)
}
