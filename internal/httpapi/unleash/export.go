package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/sdk/eval"
)

// routeBatch adds the export and the import of flags. full-validate and
// full-import are former names.
func (a *API) routeBatch(mux *http.ServeMux) {
	const batch = adminPath + "/features-batch"
	a.addAdmin(mux, routes{
		"POST " + batch + "/export":        a.exportFlags,
		"POST " + batch + "/validate":      a.checkImport,
		"POST " + batch + "/full-validate": a.checkImport,
		"POST " + batch + "/import":        a.importFlags,
		"POST " + batch + "/full-import":   a.importFlags,
	})
}

// exportDoc is Unleash's exportResultSchema: flags with their configuration in
// one environment, in lists that refer to one another by name.
type exportDoc struct {
	Features            []exportFlag    `json:"features"`
	FeatureStrategies   []strategyDoc   `json:"featureStrategies"`
	FeatureEnvironments []exportEnv     `json:"featureEnvironments"`
	ContextFields       []exportField   `json:"contextFields"`
	FeatureTags         []exportTag     `json:"featureTags"`
	Segments            []exportSegment `json:"segments"`
	TagTypes            []tagTypeDoc    `json:"tagTypes"`
	Dependencies        []exportParents `json:"dependencies"`
	Links               []exportLinks   `json:"links"`
}

type exportFlag struct {
	Name           string `json:"name"`
	Description    string `json:"description"`
	Type           string `json:"type"`
	Project        string `json:"project"`
	Stale          bool   `json:"stale"`
	ImpressionData bool   `json:"impressionData"`
	Archived       bool   `json:"archived"`
}

type exportEnv struct {
	Name        string                 `json:"name"` // the flag's, as Unleash has it
	FeatureName string                 `json:"featureName"`
	Environment string                 `json:"environment"`
	Enabled     bool                   `json:"enabled"`
	Variants    []eval.WeightedVariant `json:"variants"`
}

type exportField struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Stickiness  bool            `json:"stickiness"`
	SortOrder   int             `json:"sortOrder"`
	LegalValues []legalValueDoc `json:"legalValues"`
}

type exportTag struct {
	FeatureName string `json:"featureName"`
	TagType     string `json:"tagType"`
	TagValue    string `json:"tagValue"`
}

type exportSegment struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type exportParents struct {
	Feature      string            `json:"feature"`
	Dependencies []eval.Dependency `json:"dependencies"`
}

type exportLinks struct {
	Feature string    `json:"feature"`
	Links   []linkDoc `json:"links"`
}

// exportFlags answers POST /api/admin/features-batch/export.
func (a *API) exportFlags(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Environment  string   `json:"environment"`
		DownloadFile bool     `json:"downloadFile"`
		Features     []string `json:"features"`
		Tag          string   `json:"tag"`
		Project      string   `json:"project"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	found, err := a.service.Export(r.Context(), caller(r), control.ExportQuery{
		Environment: in.Environment, Flags: in.Features, Tag: in.Tag, Project: in.Project,
	})
	if err != nil {
		return err
	}
	if in.DownloadFile {
		w.Header().Set("Content-Disposition", `attachment; filename="features-`+in.Environment+`.json"`)
	}
	return httpapi.WriteJSON(w, http.StatusOK, toExport(found))
}

func toExport(e control.Export) exportDoc {
	out := exportDoc{
		Features: each(e.Flags, toExportFlag), FeatureStrategies: []strategyDoc{}, FeatureEnvironments: []exportEnv{},
		ContextFields: each(e.ContextFields, toExportField), FeatureTags: []exportTag{},
		Segments: each(e.Segments, func(s control.Segment) exportSegment { return exportSegment{s.ID, s.Name} }),
		TagTypes: each(e.TagTypes, toTagType), Dependencies: []exportParents{}, Links: []exportLinks{},
	}
	for i, f := range e.Flags {
		fe := e.Configured[i]
		for _, st := range toStrategies(fe) {
			st.FeatureName = fe.Flag
			out.FeatureStrategies = append(out.FeatureStrategies, st)
		}
		out.FeatureEnvironments = append(out.FeatureEnvironments, exportEnv{f.Name, f.Name, fe.Environment, fe.Enabled, orEmpty(fe.Variants)})
		for _, t := range f.Tags {
			out.FeatureTags = append(out.FeatureTags, exportTag{f.Name, t.Type, t.Value})
		}
		if len(f.Dependencies) > 0 {
			out.Dependencies = append(out.Dependencies, exportParents{f.Name, f.Dependencies})
		}
		if len(f.Links) > 0 {
			out.Links = append(out.Links, exportLinks{f.Name, each(f.Links, linkOf(f.Name))})
		}
	}
	return out
}

func toExportFlag(f control.Flag) exportFlag {
	return exportFlag{f.Name, f.Description, f.Type, f.Project, f.Stale, f.ImpressionData, f.ArchivedAt != nil}
}

func toExportField(f control.ContextField) exportField {
	return exportField{f.Name, f.Description, f.Stickiness, f.SortOrder, each(f.LegalValues, toLegalValue)}
}
