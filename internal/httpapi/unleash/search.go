package unleash

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeSearch adds the search for flags.
func (a *API) routeSearch(mux *http.ServeMux) {
	a.addAdmin(mux, routes{"GET " + adminPath + "/search/features": a.searchFlags})
}

// foundDoc is Unleash's featureSearchResponseSchema.
type foundDoc struct {
	listedDoc

	Project        string        `json:"project"`
	ArchivedAt     *time.Time    `json:"archivedAt"`
	DependencyType *string       `json:"dependencyType"`
	Environments   []foundEnvDoc `json:"environments"`
	Segments       []string      `json:"segments"`
	CreatedBy      creatorDoc    `json:"createdBy"`
	Lifecycle      *stageDoc     `json:"lifecycle,omitempty"`
}

// foundEnvDoc is one environment of a flag that was found.
type foundEnvDoc struct {
	listedEnvDoc

	Yes              int64 `json:"yes"`
	No               int64 `json:"no"`
	ChangeRequestIDs []int `json:"changeRequestIds"`
}

// creatorDoc names a principal in the form of Unleash's users, which have
// numbers; principals have none here.
type creatorDoc struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	ImageURL string `json:"imageUrl"`
}

// searchFlags answers GET /api/admin/search/features.
func (a *API) searchFlags(w http.ResponseWriter, r *http.Request) error {
	in, err := readSearch(r.URL.Query())
	if err != nil {
		return err
	}
	found, total, err := a.service.SearchFlags(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	l, err := a.lists(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Features []foundDoc `json:"features"`
		Total    int        `json:"total"`
	}{each(found, l.toFound), total})
}

func (l lists) toFound(f control.FoundFlag) foundDoc {
	out := foundDoc{
		listedDoc: l.toListed(f.FlagView), Project: f.Project, ArchivedAt: f.ArchivedAt,
		Segments: f.Segments, CreatedBy: creatorDoc{Name: f.CreatedBy},
	}
	switch {
	case len(f.Dependencies) > 0:
		out.DependencyType = new("child")
	case len(f.Children) > 0:
		out.DependencyType = new("parent")
	}
	if len(f.Stages) > 0 {
		out.Lifecycle = new(toStage(f.Stages[len(f.Stages)-1]))
	}
	for _, fe := range inOrder(f.Environments, l.environments) {
		out.Environments = append(out.Environments, foundEnvDoc{listedEnvDoc: toListedEnv(fe, l.environments, f.SeenAt), ChangeRequestIDs: []int{}})
	}
	return out
}

// readSearch reads the conditions of a query.
func readSearch(q url.Values) (control.FlagSearch, error) {
	in := control.FlagSearch{
		Query: q.Get("query"), SortBy: q.Get("sortBy"), Desc: q.Get("sortOrder") == "desc",
		Status: append(q["status"], q["status[]"]...), Limit: 50,
	}
	in.FavoritesFirst = q.Get("favoritesFirst") == "true"
	for name, into := range map[string]*control.Span{"createdAt": &in.CreatedAt, "lastSeenAt": &in.LastSeenAt} {
		var err error
		if *into, err = readSpan(name, q.Get(name)); err != nil {
			return in, err
		}
	}
	favorite, err := readMatch("favorite", q.Get("favorite"))
	if err != nil {
		return in, err
	}
	in.Favorite = slices.Contains(favorite.Values, "true") && !favorite.Not
	for name, into := range map[string]*int{"offset": &in.Offset, "limit": &in.Limit} {
		if err := readCount(q, name, into); err != nil {
			return in, err
		}
	}
	for name, into := range map[string]*control.Match{
		"project": &in.Project, "type": &in.Type, "createdBy": &in.CreatedBy, "state": &in.State,
		"tag": &in.Tag, "segment": &in.Segment, "lifecycle": &in.Lifecycle,
	} {
		var err error
		if *into, err = readMatch(name, q.Get(name)); err != nil {
			return in, err
		}
	}
	archived, err := readMatch("archived", q.Get("archived"))
	in.Archived = len(archived.Values) == 1 && archived.Values[0] == "true" && !archived.Not
	return in, err
}

// readCount reads a number of a query, where it is there.
func readCount(q url.Values, name string, into *int) error {
	if !q.Has(name) {
		return nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil {
		return control.Invalidf(name, "%q is not a number", q.Get(name))
	}
	*into = n
	return nil
}

// readSpan reads IS_BEFORE:DATE or IS_ON_OR_AFTER:DATE.
func readSpan(field, text string) (control.Span, error) {
	if text == "" {
		return control.Span{}, nil
	}
	operator, date, _ := strings.Cut(text, ":")
	at, err := time.Parse(time.DateOnly, date)
	switch {
	case err == nil && operator == "IS_BEFORE":
		return control.Span{Before: at}, nil
	case err == nil && operator == "IS_ON_OR_AFTER":
		return control.Span{From: at}, nil
	}
	return control.Span{}, control.Invalidf(field, "%q is not a condition such as IS_BEFORE:2026-11-22 or IS_ON_OR_AFTER:2026-11-22", text)
}

// operatorMatch are the conditions that the operators of Unleash stand for: first
// those on what has one value, then those on what has several.
var operatorMatch = map[string]control.Match{
	"IS": {}, "IS_ANY_OF": {}, "IS_NOT": {Not: true}, "IS_NONE_OF": {Not: true},
	"INCLUDE": {}, "INCLUDE_ANY_OF": {}, "INCLUDE_ALL_OF": {All: true},
	"DO_NOT_INCLUDE": {Not: true}, "EXCLUDE_IF_ANY_OF": {Not: true}, "EXCLUDE_ALL": {Not: true, All: true},
}

// readMatch reads OPERATOR:value,value.
func readMatch(field, text string) (control.Match, error) {
	if text == "" {
		return control.Match{}, nil
	}
	operator, values, _ := strings.Cut(text, ":")
	m, known := operatorMatch[operator]
	if !known || values == "" {
		return m, control.Invalidf(field, "%q is not a condition such as IS:%s", text, "value")
	}
	for v := range strings.SplitSeq(values, ",") {
		m.Values = append(m.Values, strings.TrimSpace(v))
	}
	return m, nil
}
