package unleash

import (
	"net/http"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeUsage adds what is known of the use of flags.
func (a *API) routeUsage(mux *http.ServeMux) {
	const metrics = adminPath + "/client-metrics/features/{feature}"
	a.addAdmin(mux, routes{
		"GET " + metrics:                              a.flagUsage,
		"GET " + metrics + "/raw":                     a.rawUsage,
		"GET " + adminPath + "/metrics/unknown-flags": a.unknownFlags,
	})
}

// usageDoc is Unleash's featureEnvironmentMetricsSchema.
type usageDoc struct {
	FeatureName string           `json:"featureName"`
	AppName     string           `json:"appName"`
	Environment string           `json:"environment"`
	Timestamp   time.Time        `json:"timestamp"` // the hour
	Yes         int64            `json:"yes"`
	No          int64            `json:"no"`
	Variants    map[string]int64 `json:"variants"`
}

func toUsage(u control.Usage) usageDoc {
	if u.Variants == nil {
		u.Variants = map[string]int64{}
	}
	return usageDoc{u.Flag, u.App, u.Environment, u.Hour, u.Yes, u.No, u.Variants}
}

// maxHoursBack is how far usage may be asked back: 90 days.
const maxHoursBack = 90 * 24

// hoursBack reads ?hoursBack, 48 where it is absent.
func (a *API) hoursBack(r *http.Request) (time.Time, error) {
	n := 48
	if err := readCount(r.URL.Query(), "hoursBack", &n); err != nil {
		return time.Time{}, err
	}
	if n < 1 || n > maxHoursBack {
		return time.Time{}, control.Invalidf("hoursBack", "%d is not from 1 to %d", n, maxHoursBack)
	}
	return a.now().Add(-time.Duration(n) * time.Hour), nil
}

// rawUsage answers GET /api/admin/client-metrics/features/{feature}/raw: every
// hour of every application, the latest first.
func (a *API) rawUsage(w http.ResponseWriter, r *http.Request) error {
	since, err := a.hoursBack(r)
	if err != nil {
		return err
	}
	usage, _, err := a.service.FlagUsage(r.Context(), caller(r), r.PathValue("feature"), since)
	if err != nil {
		return err
	}
	slices.Reverse(usage)
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version  int        `json:"version"`
		Maturity string     `json:"maturity"`
		Data     []usageDoc `json:"data"`
	}{1, "stable", each(usage, toUsage)})
}

// flagUsage answers GET /api/admin/client-metrics/features/{feature}: the last
// hour by environment, and which applications have asked about the flag.
func (a *API) flagUsage(w http.ResponseWriter, r *http.Request) error {
	since, err := a.hoursBack(r)
	if err != nil {
		return err
	}
	usage, _, err := a.service.FlagUsage(r.Context(), caller(r), r.PathValue("feature"), since)
	if err != nil {
		return err
	}
	apps := []string{}
	var last []control.Usage
	recent := a.now().Add(-time.Hour).Truncate(time.Hour)
	for _, u := range usage {
		apps = append(apps, u.App)
		if !u.Hour.Before(recent) {
			last = append(last, u)
		}
	}
	slices.Sort(apps)
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version          int        `json:"version"`
		Maturity         string     `json:"maturity"`
		FeatureName      string     `json:"featureName"`
		LastHourUsage    []usageDoc `json:"lastHourUsage"`
		SeenApplications []string   `json:"seenApplications"`
	}{1, "stable", r.PathValue("feature"), byEnvironment(last), slices.Compact(apps)})
}

// byEnvironment adds up the latest hour of each environment over applications.
func byEnvironment(usage []control.Usage) []usageDoc {
	out := []usageDoc{}
	for _, u := range slices.Backward(usage) { // the latest hour first
		doc := toUsage(u)
		doc.AppName = ""
		i := slices.IndexFunc(out, func(d usageDoc) bool { return d.Environment == u.Environment })
		switch {
		case i < 0:
			out = append(out, doc)
		case out[i].Timestamp.Equal(u.Hour):
			out[i].Yes, out[i].No = out[i].Yes+u.Yes, out[i].No+u.No
			for name, n := range u.Variants {
				out[i].Variants[name] += n
			}
		}
	}
	return out
}

// unknownDoc is Unleash's unknownFlagSchema.
type unknownDoc struct {
	Name        string          `json:"name"`
	LastSeenAt  time.Time       `json:"lastSeenAt"`
	LastEventAt *time.Time      `json:"lastEventAt"`
	Reports     []unknownReport `json:"reports"`
}

type unknownReport struct {
	AppName      string               `json:"appName"`
	Environments []unknownEnvironment `json:"environments"`
}

type unknownEnvironment struct {
	Environment string    `json:"environment"`
	SeenAt      time.Time `json:"seenAt"`
}

func toUnknown(u control.UnknownFlag) unknownDoc {
	out := unknownDoc{Name: u.Name, LastSeenAt: u.LastSeenAt, LastEventAt: u.LastEventAt, Reports: []unknownReport{}}
	for _, use := range u.Uses {
		i := slices.IndexFunc(out.Reports, func(r unknownReport) bool { return r.AppName == use.App })
		if i < 0 {
			i = len(out.Reports)
			out.Reports = append(out.Reports, unknownReport{AppName: use.App})
		}
		out.Reports[i].Environments = append(out.Reports[i].Environments, unknownEnvironment{use.Environment, use.SeenAt})
	}
	return out
}

// unknownFlags answers GET /api/admin/metrics/unknown-flags.
func (a *API) unknownFlags(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.UnknownFlags(r.Context(), caller(r))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		UnknownFlags []unknownDoc `json:"unknownFlags"`
	}{each(all, toUnknown)})
}
