package unleash

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// counts is how often a flag was on and off, and which variants it gave.
type counts struct {
	Yes      int64            `json:"yes"`
	No       int64            `json:"no"`
	Variants map[string]int64 `json:"variants"`
}

// maxCount bounds one count, so that no sum of them overflows.
const maxCount = 1e12

// metrics reads POST .../client/metrics: counts since the last report, and from
// Lockflight's own SDK also when it served which revision. What a newer SDK may
// send beside that is passed over.
func (a *Clients) metrics(w http.ResponseWriter, r *http.Request) (control.Reports, error) {
	var in struct {
		application
		Bucket *struct {
			Start   moment            `json:"start"`
			Stop    moment            `json:"stop"`
			Toggles map[string]counts `json:"toggles"`
		} `json:"bucket"`
		Impact     json.RawMessage `json:"impactMetrics"`
		Lockflight struct {
			Applied []applied `json:"applied"`
		} `json:"lockflight"`
	}
	if err := httpapi.SDKBody.Decode(w, r, &in); err != nil {
		return control.Reports{}, err
	}
	instance, err := a.instance(r, in.application)
	if err != nil {
		return control.Reports{}, err
	}
	out := control.Reports{Instances: []control.Instance{instance}}
	if out.Receipts, err = a.receipts(instance, appliedField, in.Lockflight.Applied); err != nil {
		return control.Reports{}, err
	}
	sender := a.sender(r, instance, in.application)
	if in.Bucket == nil {
		out.Impact = a.impact(r, sender, in.Impact)
		return out, nil
	}
	if err := in.Bucket.Stop.plausible("bucket.stop", a.now()); err != nil {
		return control.Reports{}, err
	}
	sender.From, sender.To = in.Bucket.Start.Time, in.Bucket.Stop.Time
	out.Impact = a.impact(r, sender, in.Impact)
	into, err := a.counting(r, &out)
	if err != nil {
		return control.Reports{}, err
	}
	for flag, c := range in.Bucket.Toggles {
		if err := c.check("bucket.toggles." + flag); err != nil {
			return control.Reports{}, err
		}
		into(flag, instance.App, in.Bucket.Stop.Time, c)
	}
	return out, nil
}

// bulk is what an edge passes on of many clients.
type bulk struct {
	Applications []struct {
		application
		Environment string   `json:"environment"`
		Projects    []string `json:"projects"` // an addition of Lockflight's own edge, as is Edge
		Edge        string   `json:"edge"`
	} `json:"applications"`
	Metrics []struct {
		counts
		FeatureName string `json:"featureName"`
		AppName     string `json:"appName"`
		Environment string `json:"environment"`
		Timestamp   moment `json:"timestamp"`
	} `json:"metrics"`
	Impact     json.RawMessage `json:"impactMetrics"`
	Lockflight struct {
		Applied []struct {
			application
			applied
		} `json:"applied"`
	} `json:"lockflight"`
}

// bulkMetrics reads POST /api/client/metrics/bulk. Rows of another environment
// than the token's are dropped, as in Unleash.
func (a *Clients) bulkMetrics(w http.ResponseWriter, r *http.Request) (control.Reports, error) {
	var in bulk
	if err := bulkBody.Decode(w, r, &in); err != nil {
		return control.Reports{}, err
	}
	if in.Applications == nil && in.Metrics == nil {
		return control.Reports{}, control.Invalidf("metrics", "is missing, and so is applications")
	}
	environment := httpapi.CallerOf(r.Context()).Token.Environment
	var out control.Reports
	into, err := a.counting(r, &out)
	if err != nil {
		return control.Reports{}, err
	}
	out.Impact = a.bulkImpact(r, in.Impact)
	for i, app := range in.Applications {
		instance, err := a.instance(r, app.application)
		if err := firstError(err, checkText("edge", app.Edge), checkProjects(app.Projects)); err != nil {
			return control.Reports{}, refield(err, func(field string) string { return index("applications", i) + "." + field })
		}
		if app.Environment == environment {
			instance.SDK = app.SDKVersion // the header's is the edge's own
			instance.Projects, instance.Edge = app.Projects, app.Edge
			out.Instances = append(out.Instances, instance)
		}
	}
	for i, one := range in.Lockflight.Applied {
		by := control.Instance{App: one.AppName, ID: one.InstanceID, Environment: environment}
		receipts, err := a.receipts(by, appliedField, []applied{one.applied})
		if err := firstError(checkLabel("appName", by.App), checkLabel("instanceId", by.ID), err); err != nil {
			return control.Reports{}, refield(err, func(string) string { return index("lockflight.applied", i) })
		}
		out.Receipts = append(out.Receipts, receipts...)
	}
	for i, m := range in.Metrics {
		at := index("metrics", i)
		err := firstError(checkLabel(at+".appName", m.AppName), m.check(at), m.Timestamp.plausible(at+".timestamp", a.now()))
		if err != nil {
			return control.Reports{}, err
		}
		if m.Environment == environment {
			into(m.FeatureName, m.AppName, m.Timestamp.Time, m.counts)
		}
	}
	return out, nil
}

// flagName is what a flag may be called.
var flagName = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,100}$`)

// spooled is how late counts are that are no longer taken for news.
const spooled = time.Hour

// counting returns what adds the counts of a flag to out: as usage where the
// token may report on it, and as an unknown flag where nobody serves it; a relay
// cannot know that nobody does. Names that no flag can have are dropped, as in
// Unleash.
func (a *Clients) counting(r *http.Request, out *control.Reports) (func(flag, app string, at time.Time, c counts), error) {
	env, scope, err := a.granted(r, control.PermClientWrite)
	environment, now := httpapi.CallerOf(r.Context()).Token.Environment, a.now().UTC()
	return func(flag, app string, at time.Time, c counts) {
		if c.empty() {
			return
		}
		project, served := env.Project(flag)
		switch {
		case served && scope.Covers(project, flag), !served && a.relay && flagName.MatchString(flag):
			u := c.usage(flag, environment, app, at)
			if u.SeenAt.After(now.Add(-spooled)) {
				u.SeenAt = now // what is compared with it has the server's clock
			}
			out.Usage = append(out.Usage, u)
		case !served && flagName.MatchString(flag):
			out.Unknown = append(out.Unknown, control.UnknownUse{Flag: flag, Environment: environment, App: app, SeenAt: now})
		}
	}, err
}

// empty reports whether there is nothing to keep, as for an idle flag.
func (c counts) empty() bool { return c.Yes == 0 && c.No == 0 && len(c.Variants) == 0 }

// check refuses counts that are none, with their path below path.
func (c counts) check(path string) error {
	if err := firstError(checkCount(path+".yes", c.Yes), checkCount(path+".no", c.No)); err != nil {
		return err
	}
	for variant, n := range c.Variants {
		if err := firstError(checkText(path+".variants", variant), checkCount(path+".variants."+variant, n)); err != nil {
			return err
		}
	}
	return nil
}

func checkCount(field string, n int64) error {
	if n < 0 || n > maxCount {
		return control.Invalidf(field, "%d is not a count from 0 to 10^12", n)
	}
	return nil
}

// usage is the row that counts go into: that of the hour in which they ended.
func (c counts) usage(flag, environment, app string, at time.Time) control.Usage {
	return control.Usage{
		Flag: flag, Environment: environment, App: app, Hour: at.UTC().Truncate(time.Hour),
		Yes: c.Yes, No: c.No, Variants: c.Variants, SeenAt: at.UTC(),
	}
}
