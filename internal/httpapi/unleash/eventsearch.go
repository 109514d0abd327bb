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

// routeEvents adds what has happened, as Unleash tells it.
func (a *API) routeEvents(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"GET " + adminPath + "/search/events":    a.searchEvents,
		"GET " + adminPath + "/events":           a.events,
		"GET " + adminPath + "/events/{feature}": a.eventsOfFlag,
		"GET " + adminPath + "/event-creators":   a.eventCreators,
	})
}

// eventSearch says which events are looked for. All of it must hold.
type eventSearch struct {
	query                                          string
	id, flag, project, typ, createdBy, environment control.Match
	from, to                                       time.Time // to is not included; zero for no bound
	offset, limit                                  int
}

// searchEvents answers GET /api/admin/search/events.
func (a *API) searchEvents(w http.ResponseWriter, r *http.Request) error {
	in, err := readEventSearch(r.URL.Query())
	if err != nil {
		return err
	}
	found, total, err := a.findEvents(r, in)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Events []eventDoc `json:"events"`
		Total  int        `json:"total"`
	}{found, total})
}

// eventsPage is how many events the older routes answer with.
const eventsPage = 1000

// events answers GET /api/admin/events, with ?project=ID those of one project.
func (a *API) events(w http.ResponseWriter, r *http.Request) error {
	in := eventSearch{limit: eventsPage, project: exactly(r.URL.Query().Get("project"))}
	found, total, err := a.findEvents(r, in)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version int        `json:"version"`
		Events  []eventDoc `json:"events"`
		Total   int        `json:"totalEvents"`
	}{1, found, total})
}

// eventsOfFlag answers GET /api/admin/events/{feature}, of a flag that is gone
// too.
func (a *API) eventsOfFlag(w http.ResponseWriter, r *http.Request) error {
	flag := r.PathValue("feature")
	found, total, err := a.findEvents(r, eventSearch{limit: eventsPage, flag: exactly(flag)})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version int        `json:"version"`
		Flag    string     `json:"toggleName"`
		Events  []eventDoc `json:"events"`
		Total   int        `json:"totalEvents"`
	}{1, flag, found, total})
}

// creator is one of Unleash's eventCreatorsSchema. The number is the rank of
// the principal's first event, and can be searched by as its name can.
type creator struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// eventCreators answers GET /api/admin/event-creators, by name.
func (a *API) eventCreators(w http.ResponseWriter, r *http.Request) error {
	out, err := a.creators(r)
	if err != nil {
		return err
	}
	slices.SortFunc(out, func(a, b creator) int { return strings.Compare(a.Name, b.Name) })
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// creators returns who made the events that the caller sees, by number.
func (a *API) creators(r *http.Request) ([]creator, error) {
	names := []string{} // the last of them first
	err := a.service.Occurrences(r.Context(), caller(r), func(o control.Occurrence) (bool, error) {
		if len(eventNames(o)) == 0 {
			return true, nil
		}
		if i := slices.Index(names, o.Actor.ID); i >= 0 {
			names = slices.Delete(names, i, i+1)
		}
		names = append(names, o.Actor.ID)
		return true, nil
	})
	slices.Reverse(names)
	out := make([]creator, len(names))
	for i, name := range names {
		out[i] = creator{i + 1, name}
	}
	return out, err
}

// findEvents returns one page of the events that are looked for, the newest
// first, and how many there are on all pages.
func (a *API) findEvents(r *http.Request, in eventSearch) ([]eventDoc, int, error) {
	if slices.ContainsFunc(in.createdBy.Values, isNumber) {
		all, err := a.creators(r)
		if err != nil {
			return nil, 0, err
		}
		for i, v := range in.createdBy.Values {
			if n, err := strconv.Atoi(v); err == nil && n > 0 && n <= len(all) {
				in.createdBy.Values[i] = all[n-1].Name
			}
		}
	}
	found, total := []eventDoc{}, 0
	err := a.service.Occurrences(r.Context(), caller(r), func(o control.Occurrence) (bool, error) {
		if taken, err := in.takes(o); err != nil || !taken {
			return err == nil, err
		}
		total++
		if total <= in.offset || len(found) == in.limit {
			return true, nil
		}
		e, err := toEvent(o)
		found = append(found, e)
		return err == nil, err
	})
	return found, total, err
}

// takes tells whether an event is looked for. What is cheap to know is asked
// first: documents are read only where nothing else decides.
func (in eventSearch) takes(o control.Occurrence) (bool, error) {
	if !in.id.Takes(strconv.FormatInt(o.Seq+1, 10)) || !in.project.Takes(o.Project) ||
		!in.environment.Takes(o.Env) || !in.createdBy.Takes(o.Actor.ID) ||
		!slices.ContainsFunc(eventNames(o), func(name string) bool { return in.typ.Takes(name) }) || !in.during(o.At()) {
		return false, nil
	}
	if len(in.typ.Values) > 0 {
		if name, err := eventName(o); err != nil || !in.typ.Takes(name) {
			return false, err
		}
	}
	if len(in.flag.Values) > 0 {
		if flag, err := flagOf(o); err != nil || !in.flag.Takes(flag) {
			return false, err
		}
	}
	return in.takesWords(o)
}

// takesWords tells whether each word of the query is part of something that the
// event is about, or of its name.
func (in eventSearch) takesWords(o control.Occurrence) (bool, error) {
	if in.query == "" {
		return true, nil
	}
	name, err := eventName(o)
	if err != nil {
		return false, err
	}
	flag, err := flagOf(o)
	text := strings.ToLower(strings.Join([]string{name, flag, o.Project, o.Env, o.Actor.ID, o.Res.Key}, " "))
	for word := range strings.FieldsSeq(strings.ToLower(in.query)) {
		if !strings.Contains(text, word) {
			return false, err
		}
	}
	return true, err
}

func (in eventSearch) during(at time.Time) bool {
	return !at.Before(in.from) && (in.to.IsZero() || at.Before(in.to))
}

// readEventSearch reads the conditions of a query.
func readEventSearch(q url.Values) (eventSearch, error) {
	in := eventSearch{query: q.Get("query"), limit: 50}
	for name, into := range map[string]*control.Match{
		"id": &in.id, "feature": &in.flag, "project": &in.project, "type": &in.typ, "createdBy": &in.createdBy, "environment": &in.environment,
	} {
		var err error
		if *into, err = readMatch(name, q.Get(name)); err != nil {
			return in, err
		}
	}
	if q.Has("groupId") {
		return in, control.Invalidf("groupId", "is nothing that this server can search by; leave it out")
	}
	for name, into := range map[string]*int{"offset": &in.offset, "limit": &in.limit} {
		if err := readCount(q, name, into); err != nil {
			return in, err
		}
	}
	if in.limit < 1 || in.limit > eventsPage {
		return in, control.Invalidf("limit", "%d is not from 1 to %d", in.limit, eventsPage)
	}
	if in.offset < 0 {
		return in, control.Invalidf("offset", "%d is negative", in.offset)
	}
	var err error
	if in.from, err = readDay(q, "from"); err != nil {
		return in, err
	}
	if in.to, err = readDay(q, "to"); err == nil && !in.to.IsZero() {
		in.to = in.to.AddDate(0, 0, 1) // that day is included
	}
	return in, err
}

// readDay reads IS:YYYY-MM-DD, in UTC.
func readDay(q url.Values, name string) (time.Time, error) {
	text := q.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, strings.TrimPrefix(text, "IS:"))
	if err != nil {
		return time.Time{}, control.Invalidf(name, "%q is not a day such as IS:2026-11-22", text)
	}
	return day, nil
}

// exactly is the condition of having one value; none where it is empty.
func exactly(value string) control.Match {
	if value == "" {
		return control.Match{}
	}
	return control.Match{Values: []string{value}}
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}
