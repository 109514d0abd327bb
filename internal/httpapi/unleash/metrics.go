package unleash

import (
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
// Lockflight's own SDK also when it served which revision. Impact metrics, and
// whatever else a newer SDK sends, are passed over.
func (a *API) metrics(w http.ResponseWriter, r *http.Request) (report, error) {
	var in struct {
		application
		Bucket *struct {
			Start   moment            `json:"start"`
			Stop    moment            `json:"stop"`
			Toggles map[string]counts `json:"toggles"`
		} `json:"bucket"`
		Lockflight struct {
			Applied []applied `json:"applied"`
		} `json:"lockflight"`
	}
	if err := httpapi.SDKBody.Decode(w, r, &in); err != nil {
		return report{}, err
	}
	instance, err := a.instance(r, in.application)
	if err != nil {
		return report{}, err
	}
	out := report{instances: []control.Instance{instance}}
	if out.receipts, err = a.receipts(instance, in.Lockflight.Applied); err != nil || in.Bucket == nil {
		return out, err
	}
	if err := in.Bucket.Stop.plausible("bucket.stop", a.now()); err != nil {
		return report{}, err
	}
	seen, err := a.seen(r)
	if err != nil {
		return report{}, err
	}
	for flag, c := range in.Bucket.Toggles {
		if err := c.check("bucket.toggles." + flag); err != nil {
			return report{}, err
		}
		if seen(flag) && !c.empty() {
			out.usage = append(out.usage, c.usage(flag, instance.Environment, instance.App, in.Bucket.Stop.Time))
		}
	}
	return out, nil
}

// bulk is what an edge passes on of many clients.
type bulk struct {
	Applications []struct {
		application
		Environment string `json:"environment"`
	} `json:"applications"`
	Metrics []struct {
		counts
		FeatureName string `json:"featureName"`
		AppName     string `json:"appName"`
		Environment string `json:"environment"`
		Timestamp   moment `json:"timestamp"`
	} `json:"metrics"`
}

// bulkMetrics reads POST /api/client/metrics/bulk. Rows of another environment
// than the token's are dropped, as in Unleash.
func (a *API) bulkMetrics(w http.ResponseWriter, r *http.Request) (report, error) {
	var in bulk
	if err := bulkBody.Decode(w, r, &in); err != nil {
		return report{}, err
	}
	environment := httpapi.CallerOf(r.Context()).Token.Environment
	seen, err := a.seen(r)
	if err != nil {
		return report{}, err
	}
	var out report
	for i, app := range in.Applications {
		instance, err := a.instance(r, app.application)
		if err != nil {
			return report{}, refield(err, func(field string) string { return index("applications", i) + "." + field })
		}
		if app.Environment == environment {
			instance.SDK = app.SDKVersion // the header's is the edge's own
			out.instances = append(out.instances, instance)
		}
	}
	for i, m := range in.Metrics {
		at := index("metrics", i)
		err := firstError(checkLabel(at+".appName", m.AppName), m.check(at), m.Timestamp.plausible(at+".timestamp", a.now()))
		if err != nil {
			return report{}, err
		}
		if m.Environment == environment && seen(m.FeatureName) && !m.empty() {
			out.usage = append(out.usage, m.usage(m.FeatureName, environment, m.AppName, m.Timestamp.Time))
		}
	}
	return out, nil
}

// flagName is what a flag may be called.
var flagName = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,100}$`)

// seen returns a test for flags whose counts are kept: those that the token may
// report on, and those that no longer, or not yet, exist. Names that no flag can
// have are dropped, as in Unleash.
func (a *API) seen(r *http.Request) (func(flag string) bool, error) {
	env, scope, err := a.granted(r, control.PermClientWrite)
	return func(flag string) bool {
		project, exists := env.Project(flag)
		return exists && scope.Covers(project, flag) || !exists && flagName.MatchString(flag)
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
		Yes: c.Yes, No: c.No, Variants: c.Variants,
	}
}
